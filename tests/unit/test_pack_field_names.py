"""A field that a source lacks is named in words, in both languages."""

from dataclasses import fields

import pytest

from planerka.kpis.kpi import PAST
from planerka.model import PULLED, EventKind, LeadStatus, Reference
from planerka.pack.field_names import FIELD_NAMES, named
from planerka.regulation.fields import FIELDS
from planerka.rulebook.measures import MEASURES
from planerka.words import words_for

NOUNS = {noun.__name__.lower(): [field.name for field in fields(noun)] for noun in PULLED if noun is not Reference}


def lacked() -> set[str]:
    """Every name that an adapter can give as lacking, and every one that a KPI or a clause can ask for."""
    of_the_model = {f"{noun}.{field}" for noun, names in NOUNS.items() for field in names}
    states = {f"lead.status.{status}" for status in (LeadStatus.REJECTED, LeadStatus.WON)}
    asked = {need for one in (*MEASURES.values(), *FIELDS) for need in one.needs}
    return {
        *NOUNS,
        PAST,
        *of_the_model,
        *states,
        *(f"event.{kind}" for kind in EventKind),
        *(name for need in asked for name in need.split(" or ")),
    }


def test_every_field_that_can_lack_has_a_name_and_no_other():
    """A key of ours in a pack would be read by nobody."""
    assert lacked() == set(FIELD_NAMES)


@pytest.mark.parametrize(
    "missing, ru, en",
    [
        (("event.booked",), "брони", "bookings"),
        (
            ("event.booking_expired or event.booking_cancelled",),
            "истёкшие брони или отменённые брони",
            "expired bookings or cancelled bookings",
        ),
        (("lead.reason_id", "event.reason_id"), "причина отказа", "rejection reason"),
    ],
)
def test_missing_fields_read_as_a_list(missing, ru, en):
    """Alternatives with "or"; two fields of one name are said once."""
    assert (ru, en) == (named(missing, words_for("ru")), named(missing, words_for("en")))
