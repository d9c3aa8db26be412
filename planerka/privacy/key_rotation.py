"""Another key for the hashes of phones: clients get new hashes, and stay who they are."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from planerka.errors import UsageError
from planerka.phones import phone_hash
from planerka.settings import Settings
from planerka.store.client_ids import rekey
from planerka.store.erasure import scrub


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """`carried_n` leads have the new hash of the same client. The phones of `rest_n` more the source has no more."""

    carried_n: int
    rest_n: int


def rotate_key(
    engine: sa.Engine, source: str, phones: Iterable[str], settings: Settings, *, is_rest_unlinked: bool
) -> Rotated:
    """Replace the hashes under `phone_key_before` by those under `phone_key`, in one transaction.

    `phones`: in E.164, all that the source has. Leads whose phone is not among them keep the old hash, or lose their
    client where the rest is to be unlinked. UsageError without two different keys, or without a phone.
    """
    now, before = settings.phone_key, settings.phone_key_before
    if not now or not before or now == before:
        raise UsageError(
            "the key is not rotated: set the new one as PLANERKA_PHONE_KEY and the old one as PLANERKA_PHONE_KEY_BEFORE"
        )
    keys = before.get_secret_value().encode(), now.get_secret_value().encode()
    hashes = {phone_hash(phone, keys[0]): phone_hash(phone, keys[1]) for phone in phones}
    if not hashes:
        raise UsageError("the source has no phone: put the whole export in its place, and repeat")
    with engine.begin() as connection:
        carried_n, rest_n = rekey(connection, source, hashes, is_rest_unlinked=is_rest_unlinked)
    scrub(engine)
    return Rotated(carried_n=carried_n, rest_n=rest_n)
