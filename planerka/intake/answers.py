"""The questions that row tests are made of: each answers for every row of a batch, in whole columns."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import reduce
from types import UnionType
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planerka.crm.base import Batch
from planerka.crm.names import folded
from planerka.model import EventKind, Lead, LeadStatus, Reference, ReferenceKind
from planerka.phones import MASK
from planerka.store.tables import TABLE_OF
from planerka.ternary import Mask, Ternary, certain, known

Question = Callable[[Batch, "Context"], Ternary]

A_DAY = np.timedelta64(1, "D")
"""Slack between two times: a bare date stands for the start of its day, and clocks and zones differ."""

CODED = (ReferenceKind.STAGE, ReferenceKind.REASON)
"""References that the regulation and the funnel read by code."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a batch is tested against.

    `until` is the end of the window, and not after now. `leads` are the known ones, at least all those that the batch
    names: index lead id (unique), values `created_at` as `datetime64[us, UTC]`. `mapped` are the stage and reason
    ids that the mapping knows: those whose reference has a code.
    """

    until: datetime
    leads: pd.Series
    mapped: dict[ReferenceKind, frozenset[str]]

    def learn(self, noun: type, rows: pd.DataFrame) -> "Context":
        """The context for the batches that follow: they may refer to these rows, the fit ones of a batch.

        Of leads only those of the last batch are kept: the store has the others.
        """
        if noun is Lead:
            return replace(self, leads=rows.drop_duplicates("id", keep="last").set_index("id")["created_at"])
        if noun is not Reference:
            return self
        coded = rows[rows["code"].notna()]
        mapped = {kind: ids.union(coded["id"][coded["kind"] == kind]) for kind, ids in self.mapped.items()}
        return replace(self, mapped=mapped)


def key_of(noun: type) -> tuple[str, ...]:
    """The fields that identify a row within its source."""
    return tuple(column.name for column in TABLE_OF[noun].primary_key if column.name != "source")


def ids_of(noun: type) -> tuple[str, ...]:
    """The fields of the key, and the lead of what belongs to one."""
    return tuple(f.name for f in fields(noun) if f.name in key_of(noun) or f.name == "lead_id")


def required_of(noun: type) -> tuple[str, ...]:
    """Fields that the model does not allow to be unknown, apart from `ids_of`."""
    return tuple(f.name for f in fields(noun) if not is_optional(f.type) and f.name not in ids_of(noun))


def key_is_given(noun: type) -> Question:
    """Ids are filled in, the lead's too. "" is no id; it is a fair key only where a row may be "not split further"."""
    names = ids_of(noun)
    ids = [name for name in names if name in ("id", "lead_id")]

    def question(batch: Batch, context: Context) -> Ternary:
        missing = any_of(batch, [batch.rows[name].isna() for name in names])
        return certain(~(missing | any_of(batch, [batch.rows[name] == "" for name in ids])))

    return question


def key_is_unique(noun: type) -> Question:
    """No other row of the key says anything else: which of them is true nobody can tell. The same row twice is one."""
    names = list(key_of(noun))

    def question(batch: Batch, context: Context) -> Ternary:
        is_given = ~any_of(batch, [batch.rows[name].isna() for name in names])
        is_repeated = batch.rows.duplicated(names, keep=False).to_numpy()
        is_alone = np.ones(len(batch.rows), dtype=np.bool_)
        if is_repeated.any():
            is_alone[is_repeated] = ~is_contradicted(batch.rows[is_repeated], names)
        return known(is_alone, is_given)

    return question


def is_contradicted(rows: pd.DataFrame, names: list[str]) -> Mask:
    """Rows with whose key another row differs from them."""
    key = rows.groupby(names, sort=False, observed=True, dropna=False).ngroup()
    key_of_different = key[~rows.duplicated()]
    return key.isin(key_of_different[key_of_different.duplicated()]).to_numpy()


def is_complete(noun: type) -> Question:
    """Fields that the model does not allow to be unknown are known (keys have a question of their own)."""
    names = required_of(noun)

    def question(batch: Batch, context: Context) -> Ternary:
        return certain(~any_of(batch, [batch.rows[name].isna() for name in names]))

    return question


def is_listed(noun: type) -> Question:
    """Every value of an enumerated field is one of its enumeration."""
    kinds = [(f.name, plain_type(f.type)) for f in fields(noun)]
    lists = {name: pd.Index([*map(str, kind)], dtype="str") for name, kind in kinds if issubclass(kind, StrEnum)}

    def question(batch: Batch, context: Context) -> Ternary:
        stray = [~is_in(batch.rows[name], listed) & batch.rows[name].notna() for name, listed in lists.items()]
        return certain(~any_of(batch, stray))

    return question


def is_readable(*names: str) -> Question:
    """Nothing stood in these fields that could not be read."""
    return lambda batch, context: certain(~faulty(batch, names))


def is_readable_if_written(*names: str) -> Question:
    """The same; unknown where nothing stood in any of them."""

    def question(batch: Batch, context: Context) -> Ternary:
        is_faulty = faulty(batch, names)
        return known(~is_faulty, is_faulty | any_of(batch, [batch.rows[name].notna() for name in names]))

    return question


def has(field: str) -> Question:
    return lambda batch, context: certain(batch.rows[field].notna().to_numpy())


def has_code(batch: Batch, context: Context) -> Ternary:
    """Stages and reasons have a code; other references need none."""
    return known(batch.rows["code"].notna().to_numpy(), batch.rows["kind"].isin(CODED).to_numpy())


def is_spelt_one_way(batch: Batch, context: Context) -> Ternary:
    """No other id of the kind differs only in what an eye passes over: case, spaces, a Latin B for a Cyrillic В."""
    folded_ids = batch.rows["id"].map(folded, na_action="ignore")
    is_twin = pd.DataFrame({"kind": batch.rows["kind"], "id": folded_ids}).duplicated(keep=False)
    return known(~is_twin.to_numpy(), batch.rows["id"].notna().to_numpy())


def holds_no_contact(*names: str) -> Question:
    """No phone, e-mail or messenger was masked there; unknown where every one of the fields is."""

    def question(batch: Batch, context: Context) -> Ternary:
        columns = [batch.rows[name] for name in names]
        contacts = [
            is_in(column, pd.Index([text for text in column.unique() if is_masked(text)])) for column in columns
        ]
        return known(~any_of(batch, contacts), any_of(batch, [column.notna() for column in columns]))

    return question


def is_masked(value: Any) -> bool:
    return isinstance(value, str) and MASK in value


def won_without_reason(batch: Batch, context: Context) -> Ternary:
    """A lead that is won has no rejection reason; of other leads there is nothing to say."""
    return known(batch.rows["reason_id"].isna().to_numpy(), (batch.rows["status"] == LeadStatus.WON).to_numpy())


def not_future(*names: str) -> Question:
    """No later than a day after the window's end; unknown where every one of the fields is."""

    def question(batch: Batch, context: Context) -> Ternary:
        times = [times_of(batch.rows[name]) for name in names]
        is_late = any_of(batch, [is_future(t, context.until) for t in times])
        return known(~is_late, any_of(batch, [~np.isnat(t) for t in times]))

    return question


def is_future(times: NDArray[np.datetime64], until: datetime) -> Mask:
    return times > microseconds(until) + A_DAY


def not_negative(*names: str) -> Question:
    """Unknown where every one of the fields is."""

    def question(batch: Batch, context: Context) -> Ternary:
        numbers = [batch.rows[name].to_numpy(dtype="float64", na_value=np.nan) for name in names]
        return known(
            ~any_of(batch, [number < 0 for number in numbers]), any_of(batch, [~np.isnan(number) for number in numbers])
        )

    return question


def is_mapped(kind: ReferenceKind, field: str) -> Question:
    """The id is one that the mapping knows; unknown where there is none (no reason given is not bad data)."""

    def question(batch: Batch, context: Context) -> Ternary:
        ids = batch.rows[field]
        return known(is_in(ids, pd.Index(sorted(context.mapped[kind]), dtype="str")), ids.notna().to_numpy())

    return question


def lead_is_known(batch: Batch, context: Context) -> Ternary:
    ids = batch.rows["lead_id"]
    return known(is_in(ids, context.leads.index), ids.notna().to_numpy())


def not_before_created(field: str, kind: EventKind | None = None) -> Question:
    """Not earlier than the lead, by more than a day; only for events of `kind`, where one is named."""

    def question(batch: Batch, context: Context) -> Ternary:
        asked = np.flatnonzero(batch.rows["kind"] == kind) if kind else np.arange(len(batch.rows))
        rows = batch.rows.iloc[asked]
        created_at = times_of(context.leads.reindex(rows["lead_id"]))
        at = times_of(rows[field])
        is_true, is_false = np.zeros((2, len(batch.rows)), dtype=np.bool_)
        # A comparison with NaT is false on both sides: an unknown time stays undecided.
        is_true[asked], is_false[asked] = at >= created_at - A_DAY, at < created_at - A_DAY
        return Ternary(is_true, is_false)

    return question


def any_of(batch: Batch, masks: list[Mask] | list[pd.Series]) -> Mask:
    """Rows where any of the masks is set; none of them where there is no mask."""
    return reduce(np.logical_or, masks, np.zeros(len(batch.rows), dtype=np.bool_)).astype(np.bool_)


def is_in(column: pd.Series, ids: pd.Index) -> Mask:
    """Rows whose value is one of `ids` (unique). Each distinct text is looked up once: ids recur in most columns."""
    codes, distinct = pd.factorize(column)
    is_found = ids.get_indexer(pd.Index(distinct)) >= 0
    return np.append(is_found, False)[codes]  # a missing value has the code -1, which picks the False at the end


def faulty(batch: Batch, names: Collection[str]) -> Mask:
    """Rows with a fault in one of these fields."""
    mask = np.zeros(len(batch.rows), dtype=np.bool_)
    mask[[fault.position for fault in batch.faults if fault.field in names]] = True
    return mask


def times_of(column: pd.Series) -> NDArray[np.datetime64]:
    """Instants in UTC, or local days as their midnight, in microseconds with NaT."""
    return column.to_numpy(dtype="datetime64[us]")


def microseconds(at: datetime) -> np.datetime64:
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")


def is_optional(annotation: Any) -> bool:
    return isinstance(annotation, UnionType)


def plain_type(annotation: Any) -> type:
    """The annotation without `| None`."""
    return next(a for a in get_args(annotation) if a is not type(None)) if is_optional(annotation) else annotation
