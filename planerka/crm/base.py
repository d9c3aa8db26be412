"""The CRM port: what every source of leads must do, whatever stands behind it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planerka.model import Command, Receipt, Tokens


@dataclass(frozen=True, kw_only=True)
class Window:
    """A closed-open stretch of change time, `[since, until)`, that is pulled and recorded as one.

    `since` None is "from the beginning". `token` is what the source needs to recognise the same content again
    (the digest of a file); None where change time is enough.
    """

    since: datetime | None
    until: datetime
    token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A value of a batch that could not be read: the row's position in the frame, its field, what stood there."""

    position: int
    field: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the rows of a batch stand in an export.

    `row_ns` has the row of each, as a spreadsheet numbers them: the first line of the file is row 1. `columns` has the
    column that each field was read from, as the file calls it; a field without one was not read. `joined` names the
    tables whose columns were added to the rows, by what stands before the point: `deal.won_date`. `texts` has the cells
    of at least these rows by column, its index the row; None where a row of the batch is made of several.
    """

    file: str
    row_ns: NDArray[np.int64]
    columns: Mapping[str, str]
    joined: Mapping[str, str] = field(default_factory=dict)
    texts: pd.DataFrame | None = None

    def called(self, name: str) -> str:
        """The column that a field was read from, of a joined table with its name; the field where none was."""
        column = self.columns.get(name, name)
        join, _, own = column.partition(".")
        return f"{own} ({self.joined[join]})" if own and join in self.joined else column

    def written(self, position: int, name: str) -> str | None:
        """What stands in the cell that a field was read from; None where it is blank or not known."""
        column = self.columns.get(name)
        if self.texts is None or column not in self.texts:
            return None
        return self.texts.at[self.row_ns[position], column]


@dataclass(frozen=True, kw_only=True)
class StageFact:
    """A stage of a CRM; `code` is what it means where the CRM itself says so, as that a lead is won."""

    id: str
    title: str
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class PipelineFact:
    """Stages in their order; `id` None where the CRM has but one row of them."""

    id: str | None
    title: str
    stages: tuple[StageFact, ...]


@dataclass(frozen=True, kw_only=True)
class FieldFact:
    """A field that a company has added to its cards; `values` are those of a list, none for any other."""

    id: str
    title: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Account:
    """What an account of a CRM is set up with: `reasons` are titles by id."""

    kind: str
    address: str
    currency: str | None
    time_zone: str | None
    pipelines: tuple[PipelineFact, ...]
    reasons: Mapping[str, str]
    fields: tuple[FieldFact, ...]


@dataclass(frozen=True, kw_only=True)
class Sought:
    """A value that a condition of the mapping names. `told`: that it stands nowhere, in words; None where it does."""

    column: str
    value: str
    told: str | None


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows of one noun.

    `rows` has exactly the fields of `noun` (a class of `model.PULLED`) as columns, a plain RangeIndex and
    these dtypes: text `str`, `object` or `category`; instants `datetime64[us, UTC]`; local days
    `datetime64[us]` without a zone; counts and money `int64`, or `float64` where a value may be missing;
    yes/no `bool`, or `boolean` where it may be missing. Missing (None, NaN, NaT, NA) is "not known".
    `origin` is None where there is no file to look into. `sought`: of an export, once its last row was read.
    """

    noun: type
    rows: pd.DataFrame
    faults: tuple[Fault, ...] = field(default=())
    origin: Origin | None = None
    sought: tuple[Sought, ...] = ()


class TokenSlot(Protocol):
    """The tokens of one account while nobody else may renew them."""

    @property
    def tokens(self) -> Tokens | None: ...

    def put(self, tokens: Tokens) -> None:
        """Keep other tokens: they are stored, and used by everybody, once the lock is let go of."""


class TokenVault(Protocol):
    """Where the tokens of an account are kept between runs."""

    def tokens(self) -> Tokens | None:
        """None before the first were put."""

    def renewing(self) -> AbstractContextManager[TokenSlot]:
        """Be the only one who renews them, able to write: a refresh token that was used and lost closes the account.

        StoreBusyError, before anything was asked of the CRM, where the database cannot be written to now.
        """


class Crm(Protocol):
    """A source of leads. Implementations: `sample`, `table`, `amocrm`, `odoo`."""

    source: str
    """Key of the source: the first part of every key in the store."""

    def lacks(self) -> frozenset[str]:
        """What this source can never supply, in the words of the model.

        `event.<kind>` (`event.call_out`), `<noun>.<field>` (`contract.area_m2`, `rejection.competitor`) or a
        whole noun (`spend`). Facts that need it are "not computable", and make no dispute.
        """

    def check_access(self) -> str:
        """What may be read there, and what written, in words, for the doctor; within seconds and without a change.

        Raises CrmError, MappingError where something is in the way.
        """

    def data_until(self, now: datetime) -> datetime:
        """The instant up to which the source is complete: now for a CRM, the day of the export for a file."""

    def windows(self, since: datetime | None, until: datetime) -> Iterator[Window]:
        """Cut what changed in `[since, until)` into windows, oldest first; none where nothing can be new.

        `since` None, the first pull: as much as is of use by itself, and everything where there is no `history`.
        """

    def history(self, before: datetime) -> Sequence[Window]:
        """What changed before, cut into windows, newest first and the last one `since` None; none where nothing did."""

    def read(self, window: Window) -> Iterator[Batch]:
        """Everything that changed in the window, references first; the same window reads the same rows again."""

    def lead_ids(self) -> Iterator[str]:
        """Every lead that exists now: the sweep marks the others vanished."""

    def phones(self) -> set[str]:
        """Every phone of its leads that the numbering plan has, in E.164; none where it hands over no phones."""

    def rehearse(self, command: Command) -> Sequence[str]:
        """What `apply` would write now, a line each (method, path, body as JSON), with no secret; nothing is written.

        None where everything is done already. Raises what `apply` would.
        """

    def apply(self, command: Command) -> Receipt:
        """Carry the command out, once: a marker found in the source is the receipt of an earlier try.

        Raises CrmRefusalError where this try has done nothing, another CrmError where it may have done a part.
        """


class AccountCrm(Crm, Protocol):
    """A CRM that can be asked what it is set up with."""

    def describe(self) -> Account:
        """Raises CrmError."""
