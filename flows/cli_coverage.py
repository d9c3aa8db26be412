"""`planerka regulation coverage`: what the rules never say, what they say nothing of, and how they are got round."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli_days import DAY, day
from flows.cli_json import AsJson, print_json, shown

if TYPE_CHECKING:
    from planerka.regulation.coverage import Coverage

YEAR = timedelta(days=365)
"""Looked back on by default: a clause may well be silent for a month."""

Title = Callable[[str], str]


def coverage(
    since: Annotated[
        datetime | None, typer.Option(formats=DAY, help="First local day; a year back by default.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="Last local day; that of the data by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which clauses never fire, which rejections none speaks of, and how the rules are got round."""
    from flows.wiring import wire, within_the_data
    from planerka.clock import refuse_a_wrong_stretch
    from planerka.model import ReferenceKind
    from planerka.regulation.coverage import coverage_of
    from planerka.regulation.signed import signed_editions
    from planerka.store.database import reading
    from planerka.store.references import references
    from planerka.store.rejections import rejections_between
    from planerka.store.windows import get_source

    refuse_a_wrong_stretch(day(since), day(until), "--since", "--until")
    company = wire()
    last_on = day(until) or company.now.astimezone(company.settings.zone).date()
    first_on, last_on = within_the_data(company, day(since) or last_on - YEAR, last_on)
    with reading(company.engine) as connection:
        known = get_source(connection, company.crm.source)
        rejections = rejections_between(connection, company.crm.source, first_on, last_on)
        editions = signed_editions(connection)
        names = references(connection, company.crm.source)[ReferenceKind.MANAGER]
    lacks = known.lacks if known else frozenset()
    found = coverage_of(rejections, editions, lacks, company.office, first_on, last_on)
    if as_json:
        print_json(found)
    else:
        print("\n".join(lines(found, lambda id_: names[id_].title if id_ in names else id_ or "nobody known")))


def lines(found: "Coverage", title: Title) -> Iterator[str]:
    yield f"{found.rejections_n} rejections of {found.since} to {found.until}."
    for heading, said in parts(found, title).items():
        yield f"{heading}: {len(said) or 'none'}"
        yield from shown(said)


def parts(found: "Coverage", title: Title) -> dict[str, list[str]]:
    return {
        "Clauses that never fired": [
            f"{one.clause} ({one.edition}) {one.en}: "
            + (f"asked of {one.asked_n}" if one.is_checkable else "the source cannot tell")
            for one in found.silent
        ],
        "Rejections no clause speaks of": [f"{one.n}: {one.why} ({one.reason or 'none'})" for one in found.unspoken],
        "Reasons that the edition no longer has": [
            f"{one.n} by {title(one.manager_id)}: {one.reason}, last on {one.last_on} ({one.edition})"
            for one in found.outdated
        ],
        "Comments copied": [
            f"{one.n} of {one.commented_n} leads of {title(one.manager_id)}: “{one.comment}”" for one in found.copied
        ],
        "Rejections bunched before an end": [
            f"{title(one.manager_id) if one.manager_id else 'The company'}, {one.end}: {one.late_n} of {one.n} "
            f"({one.share:.0%}; evenness gives {one.expected:.0%})"
            for one in found.bunched
            if one.is_bunched
        ],
    }
