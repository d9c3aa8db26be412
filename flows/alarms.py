"""`planerka alarms`: the Prefect server itself tells people when a run failed, the pack is late or pulls have stopped.

Automations live in the server: they also fire when no worker is alive. They are found again by their names, so that
setting them twice makes none twice.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from pydantic import SecretStr

from planerka.words import Words, _

BLOCK = "planerka-alarms"
BY_DEPLOYMENT = {"related:deployment:prefect.resource.id"}
OURS = ResourceSpecification({"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.planerka"})
RUN = "prefect.flow-run"
ENDS = ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut")

OF_THE_RUN = {
    "run": "{{ flow_run.name }}",
    "state": "{{ flow_run.state.name }}",
    "deployment": "{{ deployment.name }}",
    "url": "{{ flow_run|ui_url }}",
}
"""What a text may name, as Prefect's templates. Not the message of a state: an error may quote a row."""

RUN_FAILED = _(
    "planerka: {deployment} ended as {state}, the run {run}. See the end of its log, mend what it names and run it "
    "again: nothing is done twice. {url}"
)
PACK_IS_LATE = _(
    "planerka: {deployment} has not completed for {n} min, the meeting may be without its pack. See that a "
    "worker is alive, then run weekly_cycle. The run: {run} {url}"
)
PULLS_STOPPED = _(
    "planerka: no pull has completed for {n} min, the figures grow old. See that a worker is alive, and "
    "what the last run of pull_leads says."
)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long each alarm waits. Prefect waits at least 10 s for what does not come."""

    pack: timedelta = timedelta(minutes=50)
    """From the hour of `weekly_pack` and of the first `deliver_pack`: at nine the meeting is near."""

    pull: timedelta = timedelta(hours=1)
    """Four windows of `pull_leads`."""

    heartbeat: timedelta = timedelta(minutes=10)
    """A run beats every three minutes, and a beat may be lost while the server is restarted."""

    between: timedelta = timedelta(hours=1)
    """A deployment that goes on failing is not told of more often."""


def set_alarms(webhook: SecretStr, words: Words, patience: Patience = Patience()) -> list[str]:
    """Create or renew the automations on the server of PREFECT_API_URL; returns their names.

    The address is kept in a block of the server, encrypted: it may hold a token.
    """
    with get_client(sync_client=True) as client:
        Webhook(url=webhook).save(BLOCK, overwrite=True)
        tell = Teller(client.read_block_document_by_name(BLOCK, "webhook").id, words)
        alarms = [run_failed(tell, patience), pack_is_late(tell, patience), pulls_stopped(tell, patience)]
        alarms.append(machine_died(words, patience))
        for alarm in alarms:
            put(client, alarm)
    return [alarm.name for alarm in alarms]


def put(client: SyncPrefectClient, alarm: AutomationCore) -> None:
    """One automation of that name: two people at once would make two, and the next run leaves one."""
    known = client.read_automations_by_name(alarm.name)
    if not known:
        client.create_automation(alarm)
        return
    client.update_automation(known[0].id, alarm)
    for twin in known[1:]:
        client.delete_automation(twin.id)


@dataclass(frozen=True)
class Teller:
    """Calls the webhook with a sentence, as the JSON that chat programs take: {"text": …}."""

    block_id: UUID
    words: Words

    def __call__(self, msgid: str, **values: object) -> CallWebhook:
        """`{run}`, `{deployment}`, `{state}` and `{url}` in the text are filled in by the server, escaped by it."""
        text = self.words.say(msgid, **OF_THE_RUN, **values)
        payload = f'{{% set text %}}{text}{{% endset %}}{{"text": {{{{ text|tojson }}}}}}'
        return CallWebhook(block_document_id=self.block_id, payload=payload)


def run_failed(tell: Teller, patience: Patience) -> AutomationCore:
    return AutomationCore(
        name="planerka: a run failed",
        trigger=EventTrigger(
            match_related=OURS,
            expect={f"{RUN}.Failed", f"{RUN}.Crashed", f"{RUN}.TimedOut"},
            for_each=BY_DEPLOYMENT,
            posture=Posture.Reactive,
            within=patience.between,
        ),
        actions=[tell(RUN_FAILED)],
    )


def pack_is_late(tell: Teller, patience: Patience) -> AutomationCore:
    return AutomationCore(
        name="planerka: the pack is late",
        trigger=EventTrigger(
            match_related=runs_of("weekly_pack", "deliver_pack"),
            after={f"{RUN}.Running", f"{RUN}.Late"},
            expect={f"{RUN}.Completed"},
            for_each=BY_DEPLOYMENT,
            posture=Posture.Proactive,
            within=patience.pack,
        ),
        actions=[tell(PACK_IS_LATE, n=minutes(patience.pack))],
    )


def pulls_stopped(tell: Teller, patience: Patience) -> AutomationCore:
    return AutomationCore(
        name="planerka: pulls have stopped",
        trigger=EventTrigger(
            match_related=runs_of("pull_leads"),
            expect={f"{RUN}.Completed"},
            posture=Posture.Proactive,
            within=patience.pull,
        ),
        actions=[tell(PULLS_STOPPED, n=minutes(patience.pull))],
    )


def machine_died(words: Words, patience: Patience) -> AutomationCore:
    """Such a run would be Running for ever, and no alarm would tell of it."""
    return AutomationCore(
        name="planerka: a run whose machine died has crashed",
        trigger=EventTrigger(
            match_related=OURS,
            after={f"{RUN}.heartbeat"},
            expect={f"{RUN}.{state}" for state in ("heartbeat", *ENDS)},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            within=patience.heartbeat,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message=words.say("The process of the run is gone."),
                force=False,
            )
        ],
    )


def minutes(wait: timedelta) -> str:
    return f"{wait / timedelta(minutes=1):.0f}"


def runs_of(*deployments: str) -> ResourceSpecification:
    return ResourceSpecification({"prefect.resource.role": "deployment", "prefect.resource.name": list(deployments)})
