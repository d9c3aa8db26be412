"""The editions that both departments signed, as the store keeps them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.errors import RulebookError, UsageError
from planerka.regulation.editions import ROLES, alteration_of, in_force, parse, period, refusal, refusal_of
from planerka.rulebook.regulation import Edition, digest
from planerka.store import editions as stored
from planerka.store import verdicts
from planerka.store.bulk import one_writer
from planerka.store.editions import Signature, StoredEdition
from planerka.store.touched import touch_leads_since
from planerka.unseen import unseen_in


def signed_editions(connection: sa.Connection) -> Sequence[Edition]:
    """Editions signed by both roles, oldest first: what was signed, whatever has become of the files since.

    One whose content was altered in the store is passed over unread, and `standing` tells of it.
    """
    signatures = stored.all_signatures(connection)
    intact = [
        parse(kept.content, kept.edition)
        for kept in stored.all_editions(connection)
        if refusal_of(kept.edition, digest(kept.content), signatures) is None
    ]
    return tuple(sorted(intact, key=lambda edition: edition.effective_on))


def refuse_altered(connection: sa.Connection) -> None:
    """RulebookError where the store no longer holds what was signed: another edition would judge the days of it."""
    signatures = stored.all_signatures(connection)
    for kept in stored.all_editions(connection):
        if altered := alteration_of(kept.edition, digest(kept.content), signatures):
            raise RulebookError(altered)


def edition_in_force(connection: sa.Connection, at: datetime, zone: ZoneInfo) -> Edition | None:
    """The signed edition of the local day of `at`; None before the first."""
    return in_force(signed_editions(connection), at.astimezone(zone).date())


def sign_edition(
    engine: sa.Engine, edition: Edition, role: str, name: str, now: datetime, is_over_judged: bool = False
) -> str:
    """Keep a department's signature under an edition; says whether it is in force now, and if not, why.

    `now`: in the company's zone, for an edition takes effect with a local day.
    """
    with engine.begin() as connection:
        return sign_within(connection, edition, role, name, now, is_over_judged)


def sign_within(
    connection: sa.Connection, edition: Edition, role: str, name: str, now: datetime, is_over_judged: bool = False
) -> str:
    """As `sign_edition`, in the caller's transaction.

    The signature that brings it into force has the responses since `effective_on` counted anew, by its norm.
    RulebookError for one that would bring a second edition of one day into force: nobody could say which of them is.
    RulebookError too, unless `is_over_judged`, where other editions have judged rejections of its days.
    """
    name = signer_of(role, name)
    kept = StoredEdition(
        edition=edition.name, effective_on=edition.effective_on, sha256=edition.sha256, content=edition.content
    )
    signature = Signature(edition=edition.name, role=role, name=name, sha256=edition.sha256, signed_at=now)
    one_writer(connection, "the register of editions")  # each signature is checked against those before it
    stored.put_edition(connection, kept)
    is_new = stored.sign(connection, signature)
    stand = verdicts_that_stand(connection, edition) if is_new else None
    if stand and not is_over_judged:
        raise RulebookError(f"{stand}: give the edition a later day, or sign it over them by --over-judged")
    signatures = stored.all_signatures(connection)
    why_not = refusal(edition, signatures)
    if is_new and why_not is None:
        refuse_a_second_of_the_day(connection, edition)
        touch_leads_since(connection, edition.effective_on)
    state = why_not or in_words(signed_editions(connection), edition, now.date())
    said = f"signed for {role} by {signature.name}" if is_new else already_signed(signatures, signature)
    return "; ".join(filter(None, (said, state, stand)))


def signer_of(role: str, name: str) -> str:
    """The name on one line; UsageError where it would not be read as it is kept, or is none, or of another role."""
    signer = " ".join(name.split())
    if role not in ROLES or not signer:
        raise UsageError(f"role {role!r}, name {name!r}: a head of {' or '.join(ROLES)} signs, by name")
    if unseen := unseen_in(signer):
        raise UsageError(f"name {signer!r} holds {unseen}, which nobody sees: write the name without it")
    return signer


def in_words(editions: Sequence[Edition], edition: Edition, on: date) -> str:
    """From when an edition that both signed is in force, and which one until then."""
    said = f"edition {edition.name} is signed by both and {period(editions, edition, on)}"
    if edition.effective_on <= on:
        return said
    before = in_force(editions, edition.effective_on - timedelta(days=1))
    return f"{said}; until then {f'edition {before.name} stays' if before else 'no edition is'} in force"


def already_signed(signatures: Sequence[Signature], late: Signature) -> str:
    """Whose signature stands in place of the one that came late."""
    (first,) = (s for s in signatures if (s.edition, s.role) == (late.edition, late.role))
    on = first.signed_at.astimezone(late.signed_at.tzinfo).date()
    return f"{first.name} already signed for {first.role} on {on}: nothing has changed"


def verdicts_that_stand(connection: sa.Connection, edition: Edition) -> str | None:
    """What other editions have judged of the days of this one, which its signing does not change; None: nothing."""
    later = (e.effective_on for e in signed_editions(connection) if e.effective_on > edition.effective_on)
    judged_n = verdicts.judged_by_others(connection, edition.name, edition.effective_on, min(later, default=None))
    if not judged_n:
        return None
    return (
        f"rejections since {edition.effective_on} that other editions have judged: {judged_n}; their verdicts stand "
        "until `planerka rejudge`"
    )


def refuse_a_second_of_the_day(connection: sa.Connection, edition: Edition) -> None:
    for other in signed_editions(connection):
        if other.effective_on == edition.effective_on and other.name != edition.name:
            raise RulebookError(
                f"edition {edition.name} takes effect on {edition.effective_on}, and so does {other.name}, which both "
                "signed: give it another day"
            )
