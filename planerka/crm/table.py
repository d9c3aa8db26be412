"""The table adapter: a company's own export on the port of a CRM. docs/your-own-export.md is its manual."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pandas as pd

from planerka.clock import start_of
from planerka.crm.base import Batch, Window
from planerka.crm.chunks import not_there
from planerka.crm.export import Export
from planerka.crm.lacking import lacks_of
from planerka.crm.mapping import columns_in, files_in, queries_in
from planerka.crm.mapping_file import load_mapping
from planerka.crm.references import References
from planerka.crm.rows import picked
from planerka.crm.sql_query import database_of
from planerka.crm.worklist import Worklist
from planerka.errors import CrmError, MappingError, SettingsError
from planerka.model import Command, Receipt
from planerka.phones import first_phone


class TableCrm:
    """Files that somebody exports again from time to time, and queries. Each new export is read whole, once."""

    def __init__(
        self,
        mapping: Path,
        *,
        worklist: Path,
        now: Callable[[], datetime],
        folder: Path | None = None,
        database: str | None = None,
        phone_key: bytes | None = None,
    ) -> None:
        """`folder` overrides that of the mapping file; `worklist` is the CSV file that `apply` writes.

        `database`, a secret, is the url of the database that queries are put to.
        """
        self.path, self.mapping, self.clock = mapping, load_mapping(mapping), now
        if "phone" in self.mapping.leads.columns and not phone_key:
            raise SettingsError(f"mapping {mapping} reads phones: set PLANERKA_PHONE_KEY, which keys their hashes")
        address = database_of(database) if database else None
        self.export = Export(self.mapping, folder or mapping.parent / self.mapping.folder, address, phone_key)
        self.worklist = Worklist(worklist, self.mapping.zone)
        self.source = self.mapping.source

    def lacks(self) -> frozenset[str]:
        return lacks_of(self.mapping)

    def check_access(self) -> str:
        """The first rows of every file can be read, and the worklist can be written to."""
        rows_n, unread_n = self.export.look()
        self.worklist.read()
        files_n, folder = len(files_in(self.mapping)), self.export.folder.resolve()
        queries = f" and {n} queries" if (n := len(queries_in(self.mapping))) else ""
        unread = (
            f"{unread_n} cells of the first {rows_n} leads cannot be read" if unread_n else "every cell can be read"
        )
        return f"{self.source}: {files_n} files in {folder}{queries} fit the mapping; {unread}"

    def data_until(self, now: datetime) -> datetime:
        """The end of the day that the mapping names, or the last instant in the data that is not in the future.

        A bare date counts to the end of its day. CrmError where no date can be read.
        """
        until, zone = self.mapping.data_until, self.mapping.zone
        self.digest  # noqa: B018 (taken before the first look, for `read` to tell whether these are the same files)
        if isinstance(until, date):
            return min(now, start_of(until + timedelta(days=1), zone))
        past = (moments[moments <= pd.Timestamp(now)].max() for moments in self.export.moments())
        last = max((at for at in past if not pd.isna(at)), default=None)
        if last is None:
            raise CrmError(f"source {self.source}: no row has a date up to now: export it again, or set data_until")
        last_at = last.to_pydatetime()
        day = last_at.astimezone(zone).date()
        return min(now, start_of(day + timedelta(days=1), zone)) if last_at == start_of(day, zone) else last_at

    def windows(self, since: datetime | None, until: datetime) -> Iterator[Window]:
        """One window for the whole export; its token changes with any file, and with the mapping.

        With a query it is another each time: only reading a database tells whether it has changed, and that once.
        """
        asked_at = f" {self.clock().isoformat()}" if queries_in(self.mapping) else ""
        yield Window(since=None, until=until, token=self.digest + asked_at)

    def history(self, before: datetime) -> Sequence[Window]:
        """Nothing is older than the first pull."""
        return ()

    @cached_property
    def digest(self) -> str:
        """That of the files when they were first looked at."""
        return self.digest_now()

    def digest_now(self) -> str:
        """SHA-256 over the mapping and every file that it names."""
        total = hashlib.sha256()
        for path in (self.path, *(self.export.folder / name for name in sorted(files_in(self.mapping)))):
            try:
                with path.open("rb") as file:
                    total.update(hashlib.file_digest(file, "sha256").digest())
            except OSError as error:
                raise not_there(path, error) from None
        return total.hexdigest()

    def read(self, window: Window) -> Iterator[Batch]:
        """The whole export. CrmError where a file has become another since it was first looked at: one that is still
        being written may look whole, or broken.
        """
        try:
            yield from self.batches()
        except (CrmError, MappingError):
            self.check_unchanged()
            raise
        self.check_unchanged()

    def check_unchanged(self) -> None:
        if self.digest_now() != self.digest:
            raise CrmError(
                f"source {self.source}: a file of {self.export.folder} was changed while it was read: wait until it "
                "is written whole, and pull again"
            )

    def batches(self) -> Iterator[Batch]:
        """References first; an id that the mapping does not name is named just before the rows that bring it."""
        references = References(self.mapping)
        yield references.mapped()
        for rows in self.export.rows():
            if len(rows.frame) or rows.sought:
                batch = rows.batch()
                named = references.new_in(batch.rows)
                yield from (named, batch) if len(named.rows) else (batch,)

    def lead_ids(self) -> Iterator[str]:
        key = self.mapping.leads.columns["id"]
        for chunk in self.export.lead_chunks(columns_in(key)):
            yield from picked(chunk, key).dropna()

    def phones(self) -> set[str]:
        """Every phone of the leads that the numbering plan has, in E.164; none where the mapping reads no phones."""
        column = self.mapping.leads.columns.get("phone")
        if column is None:
            return set()
        chunks = self.export.lead_chunks(columns_in(column))
        texts = {text for chunk in chunks for text in picked(chunk, column).dropna()}
        return {phone for text in texts if (phone := first_phone(text, self.mapping.phone_region))}

    def rehearse(self, command: Command) -> Sequence[str]:
        rows = self.worklist.missing(command, self.clock())
        return [f"{self.worklist.path} {json.dumps(row, ensure_ascii=False)}" for row in rows]

    def apply(self, command: Command) -> Receipt:
        """Put the command on the worklist, once. Whether people carried it out is read from a later pull."""
        handed_over_at = self.worklist.add(command, self.clock())
        return Receipt(marker=command.marker, handed_over_at=handed_over_at, confirmed_at=None)
