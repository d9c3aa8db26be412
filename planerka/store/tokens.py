"""The tokens of an integration between runs, encrypted: a copy of the database opens no CRM."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from planerka.errors import SettingsError
from planerka.model import Tokens
from planerka.store.bulk import insert_into, one_writer
from planerka.store.database import reading
from planerka.store.tables import token

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


@dataclass(frozen=True)
class StoredSlot:
    """The tokens within the transaction that nobody else can be in."""

    vault: "StoredTokens"
    connection: sa.Connection

    @property
    def tokens(self) -> Tokens | None:
        return self.vault.read(self.connection)

    def put(self, tokens: Tokens) -> None:
        self.vault.write(self.connection, tokens)


class StoredTokens:
    """Those of one integration in one account; implements `crm.base.TokenVault`."""

    def __init__(self, engine: sa.Engine, source: str, secret: str) -> None:
        """`source`: which account and integration.

        `secret`: that of the integration, without which its tokens are of no use anyway.
        """
        self.engine, self.source, self.secret = engine, source, secret

    def tokens(self) -> Tokens | None:
        with reading(self.engine) as connection:
            return self.read(connection)

    @contextmanager
    def renewing(self) -> Iterator["StoredSlot"]:
        with self.engine.begin() as connection:
            one_writer(connection, f"tokens of {self.source}")
            yield StoredSlot(self, connection)

    @property
    def seal(self) -> "Fernet":
        from cryptography.fernet import Fernet

        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(self.secret.encode()).digest()))

    def read(self, connection: sa.Connection) -> Tokens | None:
        """SettingsError where they were written with another secret."""
        from cryptography.fernet import InvalidToken

        sealed = connection.scalar(sa.select(token.c.sealed).where(token.c.source == self.source))
        if sealed is None:
            return None
        try:
            content = json.loads(self.seal.decrypt(sealed.encode()))
        except InvalidToken:
            raise SettingsError(
                f"the tokens of {self.source} were stored with another client_secret: put it back, or authorize the "
                "integration anew and give its `code`"
            ) from None
        return Tokens(**{**content, "expires_at": datetime.fromisoformat(content["expires_at"])})

    def write(self, connection: sa.Connection, tokens: Tokens) -> None:
        content = {"access": tokens.access, "refresh": tokens.refresh, "expires_at": tokens.expires_at.isoformat()}
        values = {"sealed": self.seal.encrypt(json.dumps(content).encode()).decode()}
        insert = insert_into(connection, token).values(source=self.source, **values)
        connection.execute(insert.on_conflict_do_update(index_elements=["source"], set_=values))
