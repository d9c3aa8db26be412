"""What Prefect's page calls a run: its flow, what it is for, and whose leads."""

from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from tasks.company import Company


def run_name(company: Company, subject: object) -> str:
    """As `weekly_pack 2026-W47 · sample`. Only inside a run."""
    flow = (flow_run.flow_name or "").replace("-", "_")  # Prefect turns the name of the function round
    return f"{flow} {subject} · {company.crm.source}"


def name_run(company: Company, subject: object = None) -> None:
    """Name this run and tag it with its source. `subject` None: the minute it is for, in the company's time.

    Prefect would name it before it begins, when neither the source nor the week is known.
    """
    minute = company.now.astimezone(company.settings.zone).strftime("%Y-%m-%d %H:%M")
    tags = sorted({*flow_run.tags, company.crm.source})
    with get_client(sync_client=True) as client:
        client.update_flow_run(flow_run.id, name=run_name(company, subject or minute), tags=tags)
