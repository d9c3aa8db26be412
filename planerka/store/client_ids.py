"""Clients under another key: the hash of each phone is replaced wherever it names a client.

Runs in the caller's transaction. No measure reads who a client is, so no day is touched.
"""

import pandas as pd
import sqlalchemy as sa

from planerka.store.bulk import staged
from planerka.store.erasure import digest, put_client
from planerka.store.tables import erased_client, lead, quarantine
from planerka.store.touched import hold
from planerka.store.withheld import erased_clients

HASH_LENGTH = 64
"""Of a hash in hex (`phones.phone_hash`); the id of a client in a CRM is shorter."""


def rekey(connection: sa.Connection, source: str, hashes: dict[str, str], *, is_rest_unlinked: bool) -> tuple[int, int]:
    """Give the clients of `hashes` (old → new) their new ids, in leads, in quarantine and among those erased.

    A hash that is neither old nor new in `hashes` is of a phone that the source has no more, and nobody can give it a
    new one: such a lead keeps the old hash, or loses its client where the rest is to be unlinked. Returns how many
    leads were carried over, and how many are of that rest.
    """
    hold(connection, source)
    pairs = pd.DataFrame({"id": pd.Series(list(hashes), dtype="str"), "client_id": list(hashes.values())})
    with staged(connection, [lead.c.id, lead.c.client_id], pairs) as rows:
        new = sa.select(rows.c.client_id).where(rows.c.id == lead.c.client_id).scalar_subquery()
        is_old = (lead.c.source == source) & lead.c.client_id.in_(sa.select(rows.c.id))
        carried_n = connection.execute(lead.update().where(is_old).values(client_id=new)).rowcount
        is_hash = (lead.c.source == source) & (sa.func.length(lead.c.client_id) == HASH_LENGTH)
        is_rest = is_hash & lead.c.client_id.not_in(sa.select(rows.c.client_id))
        rest_n = connection.execute(sa.select(sa.func.count()).select_from(lead).where(is_rest)).scalar_one()
        if is_rest_unlinked:
            connection.execute(lead.update().where(is_rest).values(client_id=None))
    _rekey_quarantine(connection, source, hashes, is_rest_unlinked=is_rest_unlinked)
    _rekey_erased(connection, source, hashes)
    return carried_n, rest_n


def _rekey_quarantine(
    connection: sa.Connection, source: str, hashes: dict[str, str], *, is_rest_unlinked: bool
) -> None:
    is_lead = (quarantine.c.source == source) & (quarantine.c.noun == "lead")
    known = {*hashes.values()}
    for id_, row in connection.execute(sa.select(quarantine.c.id, quarantine.c.row).where(is_lead)).all():
        client_id = row.get("client_id") or ""
        is_rest = is_rest_unlinked and len(client_id) == HASH_LENGTH and client_id not in known
        if client_id in hashes or is_rest:
            renamed = {**row, "client_id": hashes.get(client_id)}
            connection.execute(quarantine.update().where(quarantine.c.id == id_).values(row=renamed))


def _rekey_erased(connection: sa.Connection, source: str, hashes: dict[str, str]) -> None:
    """A client may have been erased under both keys, the new one before the rotation: the later time counts."""
    digests = {digest(old): digest(new) for old, new in hashes.items()}
    for known, erased_at in erased_clients(connection, source).items():
        if known in digests:
            is_it = (erased_client.c.source == source) & (erased_client.c.client_sha256 == known)
            connection.execute(erased_client.delete().where(is_it))
            put_client(connection, source, digests[known], erased_at)
