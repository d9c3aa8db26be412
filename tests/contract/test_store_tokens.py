"""The tokens of an integration: kept sealed, and renewed by one process at a time."""

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from planerka.errors import SettingsError
from planerka.model import Tokens
from planerka.store.tables import token
from planerka.store.tokens import StoredTokens
from tests.builders_store import instant

TOKENS = Tokens(access="access one", refresh="refresh one", expires_at=instant("2026-11-24T08:00"))


def test_tokens_come_back_as_they_were_put(engine: sa.Engine) -> None:
    vault = StoredTokens(engine, "amocrm", "secret")
    assert vault.tokens() is None
    with vault.renewing() as slot:
        slot.put(TOKENS)
    assert TOKENS == vault.tokens()


def test_the_database_shows_no_token(engine: sa.Engine) -> None:
    """Nor does a token show itself where it is printed."""
    with StoredTokens(engine, "amocrm", "secret").renewing() as slot:
        slot.put(TOKENS)
    with engine.connect() as connection:
        sealed = connection.scalar(sa.select(token.c.sealed))
    assert [] == [text for text in ("access one", "refresh one") if text in f"{sealed} {TOKENS}"]


def test_with_another_secret_the_tokens_are_of_no_use(engine: sa.Engine) -> None:
    with StoredTokens(engine, "amocrm", "secret").renewing() as slot:
        slot.put(TOKENS)
    with pytest.raises(SettingsError, match="stored with another client_secret"):
        StoredTokens(engine, "amocrm", "another").tokens()


def test_who_renews_second_finds_what_the_first_put(engine: sa.Engine) -> None:
    """A refresh token is good for one time: two who use the same one close the account to both."""
    vault, begun, seen = StoredTokens(engine, "amocrm", "secret"), threading.Event(), []

    def second() -> None:
        begun.set()
        with vault.renewing() as slot:
            seen.append(slot.tokens)

    with vault.renewing() as slot:
        slot.put(TOKENS)
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait()
        slot.put(replace(TOKENS, refresh="refresh two"))
    thread.join()
    assert [replace(TOKENS, refresh="refresh two")] == seen
