"""Commands of rulings, carried out in Odoo: each once, whatever is cut off on the way.

A step is taken where reading shows that it is missing: first the note, by whose marker a later try knows that the
lead was lost before, then the return itself, then the task. What is read in the end is the receipt.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from planerka.crm.http import line_of
from planerka.crm.mapping import AccountMapping
from planerka.crm.odoo.account import LEAD, Account
from planerka.crm.odoo.client import Json, Odoo, instant, path_of
from planerka.crm.odoo.flat import codes_of, status_of
from planerka.crm.odoo.history import changes_of
from planerka.crm.once import begun, with_marker, write_once
from planerka.errors import CrmAnswerError, CrmError, CrmRefusalError
from planerka.model import Command, Decision, LeadStatus, ReferenceKind

STEPS_N = 6
"""More than the steps of a command, which are four: one that shows no effect is not taken for ever."""

FIELDS = ("won_status", "active", "stage_id", "user_id", "team_id", "date_closed")


@dataclass(frozen=True)
class Step:
    """A call that changes a lead."""

    method: str
    arguments: Json

    @property
    def line(self) -> str:
        return line_of("POST", path_of(LEAD, self.method), self.arguments)


@dataclass(frozen=True)
class Found:
    """What a lead looks like now; `noted_at` is when the note with the marker was written, None if it is not there."""

    lead: Json
    status: LeadStatus
    noted_at: datetime | None
    is_task_set: bool


class Writer:
    """Carries out the commands of one account."""

    def __init__(self, odoo: Odoo, account: Account, mapping: AccountMapping) -> None:
        self.odoo, self.account, self.zone = odoo, account, ZoneInfo(mapping.time_zone)
        self.codes = codes_of(mapping, ReferenceKind.STAGE)

    async def carry_out(self, command: Command) -> None:
        """Returns once everything can be read in Odoo. CrmError where it cannot be done, or not now."""
        found = await self.begin(command)
        if steps := await self.missing(command, found):
            await self.take(steps[0], command, found)
            with begun():
                await self.go_on(command)

    async def go_on(self, command: Command) -> None:
        """All that is left after the first step."""
        for _ in range(STEPS_N):
            found = await self.find(command)
            steps = await self.missing(command, found)
            if not steps:
                return
            await self.take(steps[0], command, found)
        raise CrmAnswerError(f"lead {command.lead_id} does not show what was written to it: look into its card in Odoo")

    async def rehearse(self, command: Command) -> list[str]:
        """What `carry_out` would send now to write, a line each."""
        return [step.line for step in await self.missing(command, await self.begin(command))]

    async def begin(self, command: Command) -> Found:
        """What can be seen before the first step; CrmRefusalError for a command that has lost its sense."""
        found = await self.find(command)
        if found.noted_at is None:
            await self.require_sense(command, found)
        return found

    async def take(self, step: Step, command: Command, before: Found) -> None:
        """Once: it has been taken where anything is not as `before`."""

        async def write() -> None:
            await self.odoo.write(LEAD, step.method, **step.arguments)

        await write_once(write, lambda: self.find(command), before, self.odoo.http.pause_s)

    async def find(self, command: Command) -> Found:
        lead_id = number_of(command.lead_id)
        leads = await self.odoo.by_id(LEAD, [lead_id], FIELDS)
        if not leads:
            raise CrmRefusalError(
                f"Odoo has no lead {command.lead_id}: it was deleted, or merged into another one; pull again"
            )
        [lead] = leads
        about = [["model", "=", LEAD], ["res_id", "=", lead_id], ["body", "ilike", command.marker]]
        notes = await self.odoo.rows("mail.message", [*about, ["message_type", "=", "comment"]], ["create_date"])
        planned = [["res_model", "=", LEAD], ["res_id", "=", lead_id], ["note", "ilike", command.marker]]
        tasks = await self.odoo.rows("mail.activity", planned, [])
        noted_at = min((instant(note["create_date"]) for note in notes), default=None)
        status = status_of(lead["won_status"], lead["stage_id"], self.codes)
        return Found(lead, status, noted_at, bool(tasks))

    async def require_sense(self, command: Command, found: Found) -> None:
        """CrmRefusalError for a command that Odoo could not carry out whole, before the first write."""
        if command.kind == Decision.RETURN_TO_WORK and found.status not in command.origin.returnable:
            raise CrmRefusalError(
                f"lead {command.lead_id} is {found.status} in Odoo: there is nothing to return; pull again"
            )
        owner = self.owner(command, found)
        [user] = await self.odoo.by_id("res.users", [owner], ["active"]) or [{"active": False}]
        if owner and not user["active"]:
            raise CrmRefusalError(f"manager {owner} no longer works in Odoo: rule again, and name another one")
        if command.stage_id:
            await self.require_stage(number_of(command.stage_id))

    async def require_stage(self, stage_id: int) -> None:
        """CrmRefusalError for a stage where nobody could work on the lead."""
        found = await self.odoo.by_id("crm.stage", [stage_id], ["is_won"])
        if not found:
            raise CrmRefusalError(f"Odoo has no stage {stage_id}: rule again, and name another one")
        if found[0]["is_won"] or not self.is_open(stage_id):
            raise CrmRefusalError(f"a lead on stage {stage_id} of Odoo is not open: rule again, and name another one")

    async def missing(self, command: Command, found: Found) -> list[Step]:
        """The steps that are left, in their order."""
        if found.is_task_set or (command.kind == Decision.RETURN_TO_WORK and self.is_closed_anew(found)):
            return []
        steps = [] if found.noted_at else [self.note(command)]
        if command.kind == Decision.RETURN_TO_WORK:
            on_lead = {"ids": [found.lead["id"]]}
            if not found.lead["active"]:  # lost, or put aside by somebody who neglects it
                steps.append(Step("action_restore", on_lead))
            if changed := await self.changed(command, found):
                steps.append(Step("write", on_lead | {"vals": changed}))
        return [*steps, self.task(command, found)]

    def is_closed_anew(self, found: Found) -> bool:
        """Whether the lead was won or rejected after the note: it was returned, and no try may return it again."""
        closed_at = found.lead["date_closed"]
        is_lost = found.lead["won_status"] == "lost" and closed_at
        is_rejected_anew = is_lost and found.noted_at and instant(closed_at) > found.noted_at
        return bool(found.status == LeadStatus.WON or is_rejected_anew)

    async def changed(self, command: Command, found: Found) -> Json:
        """What of stage and manager is not yet as it was ruled."""
        lead, owner = found.lead, self.owner(command, found)
        stage_id = await self.stage(command, found)
        wanted = {"stage_id": stage_id, "user_id": owner or lead["user_id"]}
        return {name: value for name, value in wanted.items() if value != lead[name]}

    def owner(self, command: Command, found: Found) -> int:
        """Who will have the lead; 0 for nobody."""
        return number_of(command.manager_id) if command.manager_id else int(found.lead["user_id"] or 0)

    async def stage(self, command: Command, found: Found) -> int:
        """That of the command, or where the lead stands, as long as it can be worked on there."""
        if command.stage_id:
            return number_of(command.stage_id)
        current, lead = int(found.lead["stage_id"]), found.lead
        if self.is_open(current):
            return current
        changes = (await changes_of(self.odoo, self.account, [lead])).get(lead["id"], [])
        former = [change.before["stage_id"] for change in changes if "stage_id" in change.before]
        of_team = {
            stage["id"]: stage
            for stage in self.stages()
            if not stage["team_ids"] or lead["team_id"] in stage["team_ids"]
        }
        ordinary = [id_ for id_, stage in of_team.items() if not stage["is_won"]]
        there = [stage_id for stage_id in reversed(former) if stage_id in of_team]
        return next((stage_id for stage_id in (*there, *ordinary) if self.is_open(stage_id)), current)

    def stages(self) -> list[Json]:
        """In the order of the pipeline."""
        return sorted(self.account.listed[ReferenceKind.STAGE], key=lambda stage: (stage["sequence"], stage["id"]))

    def is_open(self, stage_id: int) -> bool:
        return status_of(None, stage_id, self.codes) == LeadStatus.OPEN

    def note(self, command: Command) -> Step:
        """Odoo escapes the text, and shows it to nobody outside."""
        said = {"body": with_marker(command.note, command), "message_type": "comment"}
        return Step("message_post", {"ids": [int(command.lead_id)], **said, "subtype_xmlid": "mail.mt_note"})

    def task(self, command: Command, found: Found) -> Step:
        owner = self.owner(command, found)
        due_on = command.due_at.astimezone(self.zone).date().isoformat()
        said = {
            "summary": command.task.replace(f"[{command.marker}]", "").strip(),
            "note": command.marker,
            "date_deadline": due_on,
        }
        assigned = {"user_id": owner} if owner else {}
        call = {"act_type_xmlid": "mail.mail_activity_data_call", **said, **assigned}
        return Step("activity_schedule", {"ids": [int(command.lead_id)], **call})


def number_of(key: str) -> int:
    """An id of a row of Odoo. CrmError where it is of something else, as of another field that the mapping reads."""
    if not key.isdigit():
        raise CrmError(f"{key!r} is no number of a record of Odoo: the command cannot be carried out there")
    return int(key)
