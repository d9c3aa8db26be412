"""Settings → the source of leads: the sample, an export, or an account of a CRM."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from planerka.crm.base import Account, AccountCrm, Crm
from planerka.crm.mapping import AccountMapping, AnyMapping
from planerka.crm.mapping_file import load, load_mapping
from planerka.crm.sample.adapter import SampleCrm
from planerka.crm.table import TableCrm
from planerka.crm.worklist import FILE_NAME
from planerka.errors import UsageError
from planerka.sections import revealed
from planerka.settings import Settings
from planerka.store.database import open_store
from planerka.store.tokens import StoredTokens

if TYPE_CHECKING:
    from planerka.crm.pace import Pace


def journal_of(settings: Settings) -> Path:
    return settings.data / "sample-journal.json"


def mapping_of(settings: Settings) -> AnyMapping | None:
    """That of an export or of an account, by the kind of the source; None for the sample. MappingError."""
    path, kind = settings.source.mapping, settings.source.kind
    if path is None or kind == "sample":
        return None
    return load_mapping(path) if kind == "table" else load(path, AccountMapping)


def source_of(settings: Settings, now: datetime) -> Crm:
    source = settings.source
    if source.kind == "sample":
        return SampleCrm(
            journal=journal_of(settings),
            as_of_on=now.astimezone(settings.zone).date(),
            leads_n=source.leads_n,
            seed=source.seed,
            zone=settings.time_zone,
        )
    assert source.mapping is not None  # the settings refuse any other kind without one
    if source.kind != "table":
        return account_crm(settings, load(source.mapping, AccountMapping), now)
    return TableCrm(
        source.mapping,
        worklist=settings.out / FILE_NAME,
        now=lambda: now,
        folder=source.folder,
        database=revealed(source.database),
        phone_key=settings.phone_hash_key,
    )


def account_of(settings: Settings, now: datetime) -> Account:
    """What the CRM of the settings is set up with, asked now; UsageError where the settings name no CRM."""
    if settings.source.kind not in ("amocrm", "odoo"):
        raise UsageError(
            f'source.kind is "{settings.source.kind}", which is no CRM: write "amocrm" or "odoo" under [source], with '
            "its `url` (docs/settings.md); the mapping of an export is drafted by `planerka map`"
        )
    nothing = AccountMapping(source=settings.source.kind, currency="RUB", time_zone=settings.time_zone)
    return account_crm(settings, nothing, now).describe()


def account_crm(settings: Settings, mapping: AccountMapping, now: datetime) -> AccountCrm:
    """What speaks HTTP is imported for those who need it: it takes a third of a second."""
    return (amocrm if settings.source.kind == "amocrm" else odoo)(settings, mapping, now)


def amocrm(settings: Settings, mapping: AccountMapping, now: datetime) -> AccountCrm:
    """By the long-lived token, or by an integration whose tokens are kept in the store."""
    from planerka.crm.amocrm.adapter import AmoCrm
    from planerka.crm.amocrm.client import DIALECT
    from planerka.crm.amocrm.login import Integration, OAuthLogin
    from planerka.crm.http import Http, KeyLogin, Login

    source, oauth, url = settings.source, settings.source.oauth, settings.source.url or ""
    if source.key:
        login: Login = KeyLogin(source.key.get_secret_value())
    else:
        secret = revealed(oauth.client_secret) or ""
        integration = Integration(oauth.client_id or "", secret, oauth.redirect_uri or "", revealed(oauth.code))
        vault = StoredTokens(open_store(settings.store_url), f"{host_of(settings)} {integration.client_id}", secret)
        login = OAuthLogin(url, integration, vault, now=lambda: now)
    http = Http(url, pace=pace_of(settings), login=login, dialect=DIALECT)
    return AmoCrm(mapping, http, folder=folder_of(settings), now=lambda: now, phone_key=settings.phone_hash_key)


def odoo(settings: Settings, mapping: AccountMapping, now: datetime) -> AccountCrm:
    from planerka.crm.http import Http
    from planerka.crm.odoo.adapter import OdooCrm
    from planerka.crm.odoo.client import DIALECT, login

    source = settings.source
    key, database = revealed(source.key) or "", revealed(source.database) or ""
    http = Http(source.url or "", pace=pace_of(settings), login=login(key, database), dialect=DIALECT)
    return OdooCrm(mapping, http, folder=folder_of(settings), now=lambda: now, phone_key=settings.phone_hash_key)


def folder_of(settings: Settings) -> Path:
    """Where the files beside a CRM are looked for: as the mapping says from its own folder, unless the settings do."""
    assert settings.source.mapping is not None
    return settings.source.folder or settings.source.mapping.parent


def host_of(settings: Settings) -> str:
    """What tells one account from another; the `source` of a mapping may be renamed, and a draft has none yet."""
    return urlsplit(settings.source.url or "").hostname or ""


def pace_of(settings: Settings) -> "Pace":
    """Kept beside the data: all runs of a machine share what the account permits."""
    from planerka.crm.pace import Pace

    return Pace(settings.source.requests_per_s, settings.data / f"{host_of(settings)}.pace")
