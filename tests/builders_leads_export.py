"""The world of `builders_leads` as the export of a company."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.builders_leads import ENQUIRIES, REASONS, STAGES, Story, done_at, due_at

STEPS = {"qualified": "qualified", "meeting": "meeting_held", "booking": "booked"}
"""The event of entering a stage of a code."""


def events_of(story: Story) -> Iterator[dict[str, Any]]:
    """The acts as rows of a table of events; the last rejection and the signing stand in the row of the lead."""
    common = {"Lead": story.key, "Manager": story.manager, "Actor": story.manager}
    standing = story.last("reject") if story.status == "rejected" else None
    for number, act in enumerate(story.acts):
        row = common | {"Id": f"{story.key}-{number}", "At": written(act.at)}
        talk_s = act.more.get("talk_s")
        outcome = "answered" if talk_s else "not_in_service" if act.more.get("is_dead") else "no_answer"
        match act.kind:
            case "call" | "incoming":
                kind = "call_out" if act.kind == "call" else "call_in"
                yield row | {"Kind": kind, "Seconds": talk_s, "Outcome": outcome}
            case "message":
                yield row | {"Kind": "message_out"}
            case "task":
                yield row | {"Kind": "task_set", "Due": written(done_at(act) or due_at(act))}
            case "move":
                yield row | {"Kind": STEPS[STAGES[act.more["stage"]]]}
            case "reject" if act is not standing:
                yield row | {"Kind": "rejected", "Reason": act.more["reason"]}
            case "reopen":
                yield row | {"Kind": "reopened"}


def lead_of(story: Story) -> dict[str, Any]:
    rejected, won = story.last("reject"), story.last("win")
    card = rejected.more["card"] if rejected and story.status == "rejected" else {}
    original = card.get("original")
    return {
        "Id": story.key,
        "Created": written(story.acts[0].at),
        "Phone": story.phone,
        "Channel": story.channel,
        "Project": story.project,
        "Manager": story.manager,
        "Enquiry": story.enquiry,
        "Stage": story.stage,
        "Status": story.status,
        "Reason": rejected and rejected.more["reason"],
        "Rejected": rejected and written(rejected.at),
        "Comment": card.get("comment"),
        "Offer": card.get("offer"),
        "Competitor": card.get("competitor"),
        "Horizon": card.get("horizon"),
        "Original": original and original.key,
        "Won": won and written(won.at),
        "Price": won and won.more["price"],
    }


EVENT_COLUMNS = ("Id", "Lead", "Kind", "At", "Manager", "Actor", "Reason", "Seconds", "Outcome", "Due")
EVENT_KINDS = (*STEPS.values(), "call_out", "call_in", "message_out", "task_set", "rejected", "reopened")
REJECTION_CARD = {
    "comment": "Comment",
    "offer": "Offer",
    "competitor": "Competitor",
    "horizon_months": "Horizon",
    "duplicate_of_id": "Original",
}
MAPPING: dict[str, Any] = {
    "source": "export",
    "currency": "RUB",
    "time_zone": "Europe/Moscow",
    "data_until": "2026-11-23",
    "leads": {
        "file": "leads.csv",
        "columns": {
            "id": "Id",
            "created_at": "Created",
            "phone": "Phone",
            "channel_id": "Channel",
            "project_id": "Project",
            "manager_id": "Manager",
            "enquiry": {"column": "Enquiry", "values": ENQUIRIES},
            "stage_id": "Stage",
            "reason_id": "Reason",
        },
        "rejected": {"column": "Status", "in": ["rejected"]},
        "won": {"column": "Status", "in": ["won"]},
        "dates": {"rejected": {"at": "Rejected", "manager_id": "Manager"}},
        "rejection": REJECTION_CARD,
    },
    "contracts": {
        "columns": {"signed_at": "Won", "price_minor": "Price", "unit_kind": {"constant": "flat"}},
        "when": {"column": "Status", "in": ["won"]},
    },
    "events": {
        "events": {
            "file": "events.csv",
            "columns": {
                "id": "Id",
                "lead_id": "Lead",
                "kind": {"column": "Kind", "values": {kind: kind for kind in EVENT_KINDS}},
                "at": "At",
                "manager_id": "Manager",
                "actor_id": "Actor",
                "reason_id": "Reason",
                "duration_s": "Seconds",
                "outcome": "Outcome",
                "due_at": "Due",
            },
        }
    },
    "references": {
        "stage": {title: {"code": code} for title, code in STAGES.items()},
        "reason": {title: {"code": code} for title, code in REASONS.items()},
    },
}


def write_export(stories: Sequence[Story], folder: Path) -> Path:
    """Two CSV files without the leads that are gone, and their mapping, whose path is returned."""
    there = [story for story in stories if not story.is_gone]
    rows = {
        "leads.csv": [lead_of(story) for story in there],
        "events.csv": [dict.fromkeys(EVENT_COLUMNS) | row for story in there for row in events_of(story)],
    }
    for name, table in rows.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
    return write_mapping(folder, MAPPING)


def write_mapping(folder: Path, mapping: dict[str, Any]) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(yaml.safe_dump(mapping, allow_unicode=True), "utf-8")
    return path


def written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S%z")
