"""Runs by Alembic, inside the transaction that `database.upgrade` or `migrations.draft` has begun."""

from alembic import context

from planerka.store.tables import Instant, metadata


def render_item(kind, item, autogen_context):  # type: ignore[no-untyped-def]
    """An instant is written as the integer it is: a migration must not change when the model's class does."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render_item,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
