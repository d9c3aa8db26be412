"""What the ids of a source are called, and the code that the mapping gives them."""

from dataclasses import fields

import sqlalchemy as sa

from planerka.model import Reference, ReferenceKind
from planerka.store.tables import reference


def references(connection: sa.Connection, source: str) -> dict[ReferenceKind, dict[str, Reference]]:
    """Every reference of the source by kind and id; a kind without any is an empty dictionary."""
    known: dict[ReferenceKind, dict[str, Reference]] = {kind: {} for kind in ReferenceKind}
    columns = [reference.c[field.name] for field in fields(Reference)]
    for row in connection.execute(sa.select(*columns).where(reference.c.source == source)):
        kind = ReferenceKind(row.kind)
        known[kind][row.id] = Reference(kind=kind, id=row.id, title=row.title, code=row.code)
    return known
