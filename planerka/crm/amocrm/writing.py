"""Commands of rulings, carried out in amoCRM: each once, whatever happens on the way.

A return writes a note, moves the lead, sets a task. Note and task hold the marker of the command. The note is first:
a rejected lead that is open without it was reopened by somebody else, and one with it by us, so that the next try goes
on. A neglected lead is open, and stays where it is.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from planerka.crm.amocrm import lists
from planerka.crm.amocrm.client import API, Asked, Client, Json
from planerka.crm.amocrm.directory import Directory, stage_id
from planerka.crm.amocrm.happenings import MOVED, Move, in_order, is_rejection, moves_of
from planerka.crm.http import line_of
from planerka.crm.once import begun, with_marker, write_once
from planerka.errors import CrmAnswerError, CrmError, CrmRefusalError
from planerka.model import Command, Decision, LeadStatus, Receipt

CALL_BACK = 1
"""The type of a task that every account has."""


class Writer:
    """Writes to one account."""

    def __init__(self, client: Client, directory: Directory, now: Callable[[], datetime]) -> None:
        self.client, self.directory, self.clock = client, directory, now

    async def apply(self, command: Command) -> Receipt:
        """The receipt, after everything was seen in amoCRM. CrmError where the lead is not what it was ruled about."""
        handed_over_at = self.clock()
        await self.carry_out(command)
        with begun():
            await self.check_done(command)
        return Receipt(marker=command.marker, handed_over_at=handed_over_at, confirmed_at=self.clock())

    async def carry_out(self, command: Command) -> None:
        """Whatever of it is not done yet."""
        lead, noted_at, is_tasked = await self.lead(command), await self.noted_at(command), await self.tasked(command)
        if noted_at is not None and is_tasked:
            return  # what became of the lead afterwards is another story
        is_return = command.kind == Decision.RETURN_TO_WORK
        if is_return and noted_at is not None:
            await self.refuse_a_second(command, lead, noted_at)
        elif is_return:
            self.refuse_a_senseless(command, lead)
        owner = self.owner(command, lead)
        stage = await self.stage_for(command, lead) if is_return else ""
        await self.once(command, self.noted, self.note)
        with begun():
            if is_return:
                await self.once(command, self.returned, lambda command: self.move(command, stage))
            await self.once(command, self.tasked, lambda command: self.task(command, owner))

    async def once(
        self,
        command: Command,
        look: Callable[[Command], Awaitable[bool]],
        write: Callable[[Command], Awaitable[None]],
    ) -> None:
        """Write, unless it can be seen already."""
        try:
            if not await look(command):
                await write_once(lambda: write(command), lambda: look(command), False, self.client.http.pause_s)
        except CrmRefusalError:
            await self.lead(command)  # says so where it has gone meanwhile
            raise

    async def lead(self, command: Command) -> Json:
        for lead in await self.client.by_id("/leads", "leads", [command.lead_id]):
            if not lead["is_deleted"]:
                return lead
        raise CrmRefusalError(
            f"lead {command.lead_id} is not in amoCRM any more: it was deleted, or merged into another one"
        )

    def refuse_a_senseless(self, command: Command, lead: Json) -> None:
        stage = standing(lead)
        if stage not in self.directory.stages:
            raise CrmRefusalError(
                f"lead {command.lead_id} was moved to a pipeline or stage that is not of sales, {stage}"
            )
        status = self.directory.status(stage)
        if status not in command.origin.returnable:
            raise CrmRefusalError(
                f"lead {command.lead_id} is {status} in amoCRM already: somebody else was faster; pull again"
            )

    async def refuse_a_second(self, command: Command, lead: Json, noted_at: int) -> None:
        """CrmError where the lead was closed after the note: it was returned by then, and no try may do so again."""
        status = self.directory.status(standing(lead))
        later = [move for move in await self.moves(lead) if move.at > noted_at]
        is_rejected_anew = any(is_rejection(move, self.directory) for move in later)
        if status == LeadStatus.WON or (status == LeadStatus.REJECTED and is_rejected_anew):
            raise CrmError(
                f"lead {command.lead_id} was returned by {command.marker}, and is {status} in amoCRM since: its task "
                "is not set any more; pull again"
            )

    def owner(self, command: Command, lead: Json) -> int:
        """Who gets the task, and of a return the lead. CrmError where they work here no more."""
        key = command.manager_id or str(lead["responsible_user_id"])
        user = self.directory.users.get(key)
        if user is None or not user["rights"]["is_active"]:
            name = f"{user['name']} ({key})" if user else key
            raise CrmRefusalError(
                f"manager {name} of lead {command.lead_id} was dismissed: give the lead to another manager"
            )
        return int(key)

    async def stage_for(self, command: Command, lead: Json) -> str:
        """Where an open lead stands; else the stage that the command names, or that the lead was rejected in, or the
        first one of its pipeline.
        """
        if self.directory.is_open(standing(lead)):
            return standing(lead)
        if command.stage_id:
            if not self.directory.is_ordinary(command.stage_id):
                raise CrmRefusalError(f"stage {command.stage_id} is no open stage of sales: rule with another one")
            return command.stage_id
        rejected_in = [move.before for move in await self.moves(lead) if is_rejection(move, self.directory)]
        own = [stage for stage in self.directory.stages if stage.startswith(f"{lead['pipeline_id']}:")]
        stage = next(filter(self.directory.is_ordinary, [*rejected_in[-1:], *own]), None)
        if stage is None:
            raise CrmRefusalError(f"pipeline {lead['pipeline_id']} of lead {lead['id']} has no stage to return it to")
        return stage

    async def moves(self, lead: Json) -> list[Move]:
        return in_order(moves_of(await self.client.all(lists.events_of_leads(MOVED, [lead["id"]]))))

    async def noted(self, command: Command) -> bool:
        return await self.noted_at(command) is not None

    async def noted_at(self, command: Command) -> int | None:
        """When the note with the marker was written; None where it is not there."""
        asked = lists.BY_ID | {"filter[note_type]": "common"}
        notes = await self.client.all(Asked(f"/leads/{command.lead_id}/notes", "notes", asked))
        with_params = [note for note in notes if isinstance(note["params"], dict)]
        ours = [note for note in with_params if command.marker in str(note["params"].get("text"))]
        return min((note["created_at"] for note in ours), default=None)

    async def tasked(self, command: Command) -> bool:
        of_lead = {"filter[entity_type]": "leads", "filter[entity_id][]": [command.lead_id]}
        tasks = await self.client.all(Asked("/tasks", "tasks", lists.BY_ID | of_lead))
        return any(command.marker in task["text"] for task in tasks)

    async def returned(self, command: Command) -> bool:
        lead = await self.lead(command)
        is_given = command.manager_id in (None, str(lead["responsible_user_id"]))
        return self.directory.is_open(standing(lead)) and is_given

    async def note(self, command: Command) -> None:
        note = {"note_type": "common", "params": {"text": with_marker(command.note, command)}}
        await self.write("POST", f"{API}/leads/{command.lead_id}/notes", [note])

    async def move(self, command: Command, stage: str) -> None:
        """Without `loss_reason_id`, not even null: amoCRM would refuse all of it. An open lead stays where it is."""
        change = {"responsible_user_id": int(command.manager_id)} if command.manager_id else {}
        if not self.directory.is_open(standing(await self.lead(command))):
            pipeline_id, status_id = map(int, stage.split(":"))
            change |= {"pipeline_id": pipeline_id, "status_id": status_id}
        await self.write("PATCH", f"{API}/leads/{command.lead_id}", change)

    async def task(self, command: Command, owner: int) -> None:
        task = {
            "text": with_marker(command.task, command),
            "complete_till": int(command.due_at.timestamp()),
            "task_type_id": CALL_BACK,
            "entity_id": int(command.lead_id),
            "entity_type": "leads",
            "responsible_user_id": owner,
        }
        await self.write("POST", f"{API}/tasks", [task])

    async def write(self, method: str, path: str, body: Any) -> None:
        await self.client.http.write(method, path, body=body)

    async def check_done(self, command: Command) -> None:
        """CrmAnswerError where amoCRM took everything and shows something else."""
        done = {"note": await self.noted(command), "task": await self.tasked(command)}
        if missing := [what for what, is_there in done.items() if not is_there]:
            raise CrmAnswerError(
                f"amoCRM took {command.marker}, but lead {command.lead_id} shows no {' and no '.join(missing)}: "
                "look at its card"
            )


class Rehearsal(Writer):
    """Takes the same steps, and puts down what it would write."""

    def __init__(self, client: Client, directory: Directory, now: Callable[[], datetime]) -> None:
        super().__init__(client, directory, now)
        self.lines: list[str] = []

    async def write(self, method: str, path: str, body: Any) -> None:
        self.lines.append(line_of(method, path, body))


def standing(lead: Json) -> str:
    return stage_id(lead["pipeline_id"], lead["status_id"])
