"""Which file is what, and how the others belong to the leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from planerka.crm.drafting.matching import Guesses, by_content, fit, matched, words_of
from planerka.crm.drafting.profile import ColumnProfile, FileProfile
from planerka.crm.drafting.vocabulary import FILE_NAMES, ROLES, TELLING

NAMED = 2.0
"""What the name of a file weighs, in columns."""

MANY_FILES = ("calls", "messages", "stages")
"""Of these there may be several; of the others the most telling file counts."""

LINKED = 0.8
"""The share of ids that must be found on the other side: an export may end before its calls do."""


@dataclass(frozen=True)
class Table:
    """A file in its role, with the columns of its fields."""

    profile: FileProfile
    role: str
    guesses: Guesses

    def column(self, field: str) -> ColumnProfile | None:
        guess = self.guesses.get(field)
        return self.profile.columns[guess.column] if guess else None


@dataclass(frozen=True)
class Link:
    """`lead_column` of the leads holds what `key` of the other file does."""

    lead_column: str
    key: str


def tables_of(profiles: Sequence[FileProfile]) -> tuple[list[Table], list[FileProfile]]:
    """Every file in its role, the leads first, and the files that have none."""
    suits = {profile: scores(profile) for profile in profiles}
    best = {profile: max(by_role, key=by_role.__getitem__) for profile, by_role in suits.items()}
    places = enumerate(suits.items())
    ranked = sorted(
        ((score, -n, role, p) for n, (p, by_role) in places for role, score in by_role.items()), reverse=True
    )
    has_leads = "leads" in best.values()
    tables: list[Table] = []
    for _, _, role, profile in ranked:
        is_best = best[profile] == role if has_leads else True
        is_free = role in MANY_FILES or role not in [table.role for table in tables]
        if is_best and is_free and profile not in [table.profile for table in tables]:
            if not has_leads and not tables and role != "leads":
                continue
            tables.append(table_of(profile, role))
    tables.sort(key=lambda table: list(ROLES).index(table.role))
    return tables, [p for p in profiles if p not in [table.profile for table in tables]]


def table_of(profile: FileProfile, role: str) -> Table:
    found = matched(profile.columns.values(), ROLES[role])
    return Table(profile, role, by_content(profile.columns.values(), found) if role == "leads" else found)


def scores(profile: FileProfile) -> dict[str, float]:
    """How well each role suits a file: by its name, and by the columns that tell."""
    return {role: score_of(profile, role) for role in ROLES}


def score_of(profile: FileProfile, role: str) -> float:
    found = matched(profile.columns.values(), ROLES[role])
    is_named = fit(" ".join(words_of(profile.name)), FILE_NAMES[role]) > 0
    return NAMED * is_named + sum(found[field].score for field in TELLING[role] if field in found)


def why_unread(profile: FileProfile) -> str:
    """Why a file has no role."""
    by_role = scores(profile)
    role = max(by_role, key=by_role.__getitem__)
    return f"not read: another file was taken for {role}" if by_role[role] else "not read: nothing in it is known"


def link_of(leads: Table, other: Table) -> Link | None:
    """The pair of columns by which a file of deals belongs to the leads; None where no ids meet."""
    pairs = [
        (likeness(leads, other, lead, key) + lead.share_in(key), Link(lead.name, key.name))
        for lead in leads.profile.columns.values()
        for key in other.profile.columns.values()
        if key.is_key and not key.is_date and not lead.is_date and meet(leads, other, lead, key)
    ]
    return max(pairs, key=lambda pair: pair[0])[1] if pairs else None


def meet(leads: Table, other: Table, lead: ColumnProfile, key: ColumnProfile) -> bool:
    """The ids of one side are on the other. Small numbers are found anywhere: their headers must agree too."""
    is_found = lead.share_in(key) >= LINKED or (lead is leads.column("id") and key.share_in(lead) >= LINKED)
    return lead.filled_n > 0 and is_found and (not key.is_figure or likeness(leads, other, lead, key) > 0)


def likeness(leads: Table, other: Table, lead: ColumnProfile, key: ColumnProfile) -> float:
    """How far two headers name the same id, 0..1: the share of the words, but for `id`, that they have in common."""
    if lead is leads.column("id") and key is other.column("lead_id"):
        return 1.0
    ours, theirs = ({word for word in words_of(column.name) if word != "id"} for column in (lead, key))
    return len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0
