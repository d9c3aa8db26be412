"""Whom a request is about: the id under which the store knows a client."""

from planerka.errors import SettingsError, UsageError
from planerka.phones import normal_phone, phone_hash
from planerka.settings import Settings

NO_REGION = "ZZ"
"""A phone without its country code could be anybody's."""


def client_id_of(client: str | None, phone: str | None, settings: Settings) -> str:
    """The client's id as it is given, or the keyed hash of the phone. UsageError for both, neither, or no phone."""
    if (client is None) == (phone is None):
        raise UsageError("say whom: --client with the id that the CRM has for the client, or --phone")
    if client is not None:
        return client
    if settings.phone_key is None:
        raise SettingsError("clients are known here by ids of the CRM, not by phones: give --client")
    number = normal_phone(phone or "", NO_REGION)
    if number is None:
        raise UsageError("--phone is no number of any country: write it with the country code, as +7…")
    return phone_hash(number, settings.phone_key.get_secret_value().encode())
