"""Whether an account can be read and written as its mapping says."""

from collections.abc import Iterable

from planerka.crm.amocrm.cards import OWN
from planerka.crm.amocrm.client import Client, Json
from planerka.crm.amocrm.directory import Directory, directory_of
from planerka.crm.mapping import AccountMapping
from planerka.crm.names import nearest
from planerka.errors import CrmError, MappingError
from planerka.model import ReferenceKind

ALL = "A"
"""The right to do something with every lead; M: only with one's own, D: with none."""


async def access(client: Client, mapping: AccountMapping, columns: Iterable[str]) -> str:
    """What may be done there. `columns` are fields of the account's own that the mapping reads.

    SettingsError, CrmError, MappingError where something is in the way.
    """
    account = await client.account()
    if (currency := account.get("currency")) != mapping.currency:
        raise MappingError(f"the account counts in {currency}, the mapping in {mapping.currency}: correct `currency`")
    directory = await directory_of(client, mapping)
    check_fields(directory, columns)
    check_codes(directory)
    user = directory.users.get(str(account["current_user_id"]), {})
    rights = user.get("rights", {}).get("leads", {})
    if not is_allowed(user, rights, "view"):
        raise CrmError(
            f"{user.get('name')}, by whose key planerka asks, may not see every lead, and what is hidden would count "
            "as vanished: give them the right to see all leads"
        )
    can_write = is_allowed(user, rights, "edit")
    writing = "changed" if can_write else "not changed: rulings cannot be carried out without the right to edit them"
    stages_n, users_n = len(directory.stages), len(directory.users)
    return (
        f"{client.http.name}: {len(directory.pipelines)} pipelines of sales with {stages_n} stages, {users_n} users; "
        f"by the key of {user.get('name')} all leads can be read, and {writing}"
    )


def is_allowed(user: Json, rights: Json, what: str) -> bool:
    return user.get("rights", {}).get("is_admin", False) or rights.get(what) == ALL


def check_codes(directory: Directory) -> None:
    """MappingError where the mapping does not say what a stage or a reason means: nothing could be judged by it."""
    lines = [
        f"  {kind}: {', '.join(names)}"
        for kind in (ReferenceKind.STAGE, ReferenceKind.REASON)
        if (names := directory.uncoded(kind))
    ]
    if lines:
        raise MappingError("\n".join(["`references` must give a `code` to each of these:", *lines]))


def check_fields(directory: Directory, columns: Iterable[str]) -> None:
    """MappingError where the mapping reads a field that the leads of the account do not have."""
    by_title = {one["name"]: key for key, one in directory.fields.items()}
    for column in sorted(columns):
        if column not in directory.fields:
            meant = by_title.get(column)
            remedy = f"field {meant} is called so" if meant else nearest(column, [*directory.fields, *OWN])
            there = ", ".join(f"{key} ({title})" for title, key in by_title.items())
            raise MappingError(f"leads of the account have no field {column!r}: {remedy}; fields of its own: {there}")
