"""The owner learns why a scheduled run made no pack: the hook of its flow."""

from datetime import datetime
from typing import Any

from prefect import Flow, State
from prefect.client.schemas.objects import FlowRun
from pydantic import TypeAdapter

from flows.wiring import clock, week_of, wire
from planerka.clock import Week
from planerka.delivery import notice
from planerka.errors import PlanerkaError

MOMENT = TypeAdapter[datetime | None](datetime | None)


def tell_owner(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Whoever runs it from the shell reads it there, and is told nothing besides."""
    if flow_run.deployment_id is None:
        return
    company = wire(MOMENT.validate_python(flow_run.parameters.get("as_of")))
    asked = flow_run.parameters.get("week")
    week = Week.parse(asked) if asked else week_of(company, None)
    notice.tell_owner(company.engine, company.crm.source, week, reason(flow_run, state), company.settings, clock)


def reason(flow_run: FlowRun, state: State[Any]) -> str:
    """Our own errors quote no client; of any other only the kind is told."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, PlanerkaError):
        return str(error)
    return f"{type(error).__name__}: see the log of the flow run {flow_run.name} in Prefect"
