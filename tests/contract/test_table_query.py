"""A query on a company's own PostgreSQL reads, and changes nothing."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from planerka.crm.chunks import chunks_of
from planerka.crm.mapping_parts import Layout
from planerka.crm.sql_query import database_of
from planerka.errors import CrmError


@pytest.fixture
def crm(store_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(store_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE lead AS SELECT 1 AS id, 'ЖК \"Сосны\" Петрова'::text AS name"))
        connection.execute(sa.text("CREATE SEQUENCE number"))
    yield engine
    engine.dispose()


def said_of(crm: sa.Engine, query: str) -> str:
    with pytest.raises(CrmError) as refused:
        list(chunks_of(database_of(crm.url.render_as_string(hide_password=False)), {"id"}, Layout(query=query)))
    return str(refused.value)


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "query, words",
    [
        ("SELECT nextval('number') AS id", "cannot execute nextval() in a read-only transaction"),
        ("DELETE FROM lead RETURNING id", "syntax error"),
        ("WITH gone AS (DELETE FROM lead RETURNING id) SELECT id FROM gone", "must not contain data-modifying"),
        ("SELECT id FROM lead; COMMIT; DELETE FROM lead", "cannot insert multiple commands"),
        ("DROP TABLE lead", "syntax error"),
    ],
)
def test_a_query_changes_nothing(query: str, words: str, crm: sa.Engine) -> None:
    assert words in said_of(crm, query)
    with crm.connect() as connection:
        assert (1, False) == tuple(
            connection.execute(sa.text("SELECT (SELECT count(*) FROM lead), is_called FROM number")).one()
        )


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_what_the_server_quotes_is_told_without_the_client_in_it(crm: sa.Engine) -> None:
    said = said_of(crm, "SELECT CAST(name AS integer) AS id FROM lead")
    assert "invalid input syntax for type integer" in said
    assert [] == [part for part in ("Сосны", "Петрова") if part in said]


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_table_that_is_not_there_is_told_with_the_nearest_one(crm: sa.Engine) -> None:
    said = said_of(crm, "SELECT id FROM leads")
    assert "relation \"leads\" does not exist): the nearest is 'lead'; correct `query`" in said
