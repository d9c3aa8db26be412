"""The owner learns why a scheduled run made no pack: the hooks of its flow, and of the one that comes after it."""

from datetime import datetime
from typing import Any

from prefect import Flow, State
from prefect.client.schemas.objects import FlowRun
from pydantic import TypeAdapter

from flows.wiring import clock, week_of, wire
from planerka.clock import Week
from planerka.delivery import notice
from planerka.errors import BusyError, PlanerkaError
from planerka.pack.freeze import find_pack
from tasks.company import Company

MOMENT = TypeAdapter[datetime | None](datetime | None)


def tell_owner(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Of a week that has no pack. Whoever runs it from the shell reads it there, and is told nothing besides; and while
    another run is at it, nothing is amiss."""
    error = state.result(raise_on_failure=False)
    if flow_run.deployment_id is None or isinstance(error, BusyError):
        return
    company, week = asked_of(flow_run)
    if find_pack(company.engine, company.crm.source, week) is None:
        why = reason(flow_run, error)
        notice.tell_owner(company.engine, company.crm.source, week, why, company.settings, clock)


def tell_owner_again(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """That there is no pack to deliver is no news: what the mail server did not take, when it was, is told now."""
    company, week = asked_of(flow_run)
    if find_pack(company.engine, company.crm.source, week) is None:
        notice.tell_again(company.engine, company.crm.source, week, company.settings, clock)


def asked_of(flow_run: FlowRun) -> tuple[Company, Week]:
    """What a run was for, by its parameters."""
    company = wire(MOMENT.validate_python(flow_run.parameters.get("as_of")))
    asked = flow_run.parameters.get("week")
    return company, Week.parse(asked) if asked else week_of(company, None)


def reason(flow_run: FlowRun, error: BaseException) -> str:
    """Our own errors quote no client; of any other only the kind is told."""
    if isinstance(error, PlanerkaError):
        return str(error)
    return f"{type(error).__name__}: see the log of the flow run {flow_run.name} in Prefect"
