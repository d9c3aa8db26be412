"""One frozen `Settings`, read once from planerka.toml, the environment (`PLANERKA_…`) and .env.

Complete or refused: every wrong or missing name is listed at once. With no file at all the settings are those
of the built-in sample company, which reaches nobody's CRM and nobody's inbox.
"""

import os
import re
import tomllib
from datetime import date, time, timedelta
from difflib import get_close_matches
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from planerka.errors import SettingsError

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_FILE = Path("planerka.toml")
PREFIX = "PLANERKA_"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ADDRESS = re.compile(r"[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceSettings(Section):
    """Where the leads come from."""

    kind: Literal["sample", "table"] = "sample"
    leads_n: int = Field(default=30_000, ge=100)
    seed: int = Field(default=2026, ge=0, lt=2**32)
    mapping: Path | None = None
    folder: Path | None = None

    @model_validator(mode="after")
    def table_needs_a_mapping(self) -> "SourceSettings":
        if self.kind == "table" and self.mapping is None:
            raise ValueError('kind = "table" needs `mapping`, the path of a mapping file (docs/your-own-export.md)')
        return self


def not_empty(written: Any) -> Any:
    """An empty value is a variable that nobody filled in, and no wish for the default."""
    text = written.get_secret_value() if isinstance(written, SecretStr) else written
    if text is not None and not text.strip():
        raise ValueError("it is empty: fill it in, or remove it")
    return written


def checked_address(address: str, written: str) -> None:
    if not ADDRESS.fullmatch(address):
        raise ValueError(f"{written!r} is no e-mail address: write it alone, as name@company.example, in Latin letters")


class HoursSettings(Section):
    """Working hours in the company's zone; weekdays 1 (Monday) to 7. `open_on`: days worked on a day off."""

    opens: time = time(9)
    closes: time = time(21)
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5, 6, 7)
    closed_on: tuple[date, ...] = ()
    open_on: tuple[date, ...] = ()

    @model_validator(mode="after")
    def opens_before_it_closes(self) -> "HoursSettings":
        if self.opens >= self.closes or not self.weekdays:
            raise ValueError(f"open from {self.opens:%H:%M} to {self.closes:%H:%M}: no working time, correct it")
        return self


class MailServerSettings(Section):
    """A server that speaks of mail. Its certificate is verified, unless nothing is encrypted at all."""

    PORTS: ClassVar[dict[str, int]]

    host: str | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"]
    user: str | None = None
    password: SecretStr | None = None

    @field_validator("host", "user", "password")
    @classmethod
    def what_is_written_must_say_something(cls, value: Any) -> Any:
        return not_empty(value)

    @model_validator(mode="after")
    def login_must_be_whole_and_safe(self) -> "MailServerSettings":
        if (self.user is None) != (self.password is None):
            raise ValueError("a login is `user` and `password` together: write both or neither")
        if self.password and not f"{self.user}{self.password.get_secret_value()}".isascii():
            raise ValueError("`user` and `password` must be in Latin letters: mail programs agree on no others")
        if self.user and self.security == "none" and self.host not in LOOPBACK:
            raise ValueError(
                'security = "none" would show the password to everybody on the way: use "starttls" or "tls"'
            )
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the host must have been given."""
        return self.host or "", self.port or self.PORTS[self.security]


class SmtpSettings(MailServerSettings):
    """The server that takes the mails."""

    PORTS = {"starttls": 587, "tls": 465, "none": 25}

    security: Literal["starttls", "tls", "none"] = "starttls"
    timeout_s: int = Field(default=60, ge=1)
    per_minute: int = Field(default=60, ge=1)


class MailboxSettings(MailServerSettings):
    """The sender's own mailbox: a copy of a mail in it proves that the mail was taken."""

    PORTS = {"starttls": 143, "tls": 993, "none": 143}

    security: Literal["starttls", "tls", "none"] = "tls"

    @model_validator(mode="after")
    def nobody_reads_a_mailbox_without_a_login(self) -> "MailboxSettings":
        if self.host and not self.user:
            raise ValueError("a mailbox is read by its `user` and `password`: write both")
        return self


class DeliverySettings(Section):
    """Who gets the pack. The default is a folder: nothing reaches a real inbox by accident."""

    how: Literal["outbox", "smtp"] = "outbox"
    sender: str = "planerka@example.com"
    recipients: tuple[str, ...] = ("weekly-meeting@example.com",)
    owner: str | None = None
    analysts: tuple[str, ...] = ()
    test_to: str | None = None
    smtp: SmtpSettings = SmtpSettings()
    mailbox: MailboxSettings = MailboxSettings()

    @model_validator(mode="after")
    def smtp_needs_a_server(self) -> "DeliverySettings":
        if self.how == "smtp" and self.smtp.host is None:
            raise ValueError('how = "smtp" needs `host` under [delivery.smtp]: name the server that takes the mails')
        return self

    @field_validator("owner", "test_to")
    @classmethod
    def address_must_be_one(cls, address: str | None) -> str | None:
        if address is not None:
            checked_address(address, address)
        return address

    @field_validator("sender")
    @classmethod
    def sender_must_be_one_address(cls, sender: str) -> str:
        checked_address(parseaddr(sender)[1], sender)
        return sender

    @field_validator("recipients", "analysts")
    @classmethod
    def people_must_have_addresses(cls, people: tuple[str, ...]) -> tuple[str, ...]:
        """Each once, whatever its case: one person gets one mail."""
        for person in people:
            checked_address(person, person)
        return tuple({person.lower(): person for person in people}.values())

    @field_validator("recipients")
    @classmethod
    def somebody_gets_the_pack(cls, recipients: tuple[str, ...]) -> tuple[str, ...]:
        if not recipients:
            raise ValueError("nobody would get the pack: list at least one address")
        return recipients


class AlarmSettings(Section):
    """Whom the Prefect server calls when something went wrong (`planerka alarms`)."""

    webhook: SecretStr | None = None

    @field_validator("webhook")
    @classmethod
    def webhook_must_be_an_address(cls, webhook: SecretStr | None) -> SecretStr | None:
        if webhook and not webhook.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("this is no address of the web: begin it with https://")  # it may be a secret: not quoted
        return webhook


class PrivacySettings(Section):
    """How long clients are known after the last that happened to their leads; None: for ever."""

    keep_months: int | None = Field(default=None, ge=1)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8-sig",
        dotenv_filtering="match_prefix",  # other programs keep theirs in the same .env
        frozen=True,
        extra="forbid",
    )

    company: str | None = None
    language: Literal["ru", "en"] = "ru"
    time_zone: str = "Europe/Moscow"
    store: SecretStr | None = None
    rulebook: Path = PROJECT / "rulebook"
    data: Path = Path("var")
    out: Path = Path("out")
    max_age_hours: int = Field(default=48, ge=1)
    analyst_ids: tuple[str, ...] = ()
    phone_key: SecretStr | None = None
    phone_key_before: SecretStr | None = None
    source: SourceSettings = SourceSettings()
    office: HoursSettings = HoursSettings()
    review: HoursSettings = HoursSettings(closes=time(18), weekdays=(1, 2, 3, 4, 5))
    delivery: DeliverySettings = DeliverySettings()
    alarms: AlarmSettings = AlarmSettings()
    privacy: PrivacySettings = PrivacySettings()

    @field_validator("company")
    @classmethod
    def company_must_fit_a_subject(cls, company: str | None) -> str | None:
        if company and not company.isprintable():
            raise ValueError(f"{company!r} stands in the subject of mails: write it on one line, without control signs")
        return company

    @field_validator("store", "phone_key", "phone_key_before")
    @classmethod
    def what_is_written_must_say_something(cls, secret: SecretStr | None) -> SecretStr | None:
        return not_empty(secret)

    @field_validator("time_zone")
    @classmethod
    def zone_must_exist(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no time zone: write it as Europe/Moscow") from None
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file_settings = InitSettingsSource(settings_cls, written_in(settings_file()))
        return init_settings, env_settings, dotenv_settings, file_settings

    @property
    def company_title(self) -> str:
        """The name on the pack; without one, that of the sample company, or none rather than a wrong one."""
        return self.company or ("Северный берег" if self.source.kind == "sample" else "")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def max_age(self) -> timedelta:
        """How far the data may lag behind the end of the week that a pack is about."""
        return timedelta(hours=self.max_age_hours)

    @property
    def store_url(self) -> str:
        """The database: a file under `data` unless `store` names another. May hold a password: never log it."""
        return self.store.get_secret_value() if self.store else f"sqlite:///{self.data / 'planerka.db'}"


def settings_file() -> Path:
    """The file that `PLANERKA_SETTINGS` names, else planerka.toml of the current folder (which need not exist)."""
    named = os.environ.get("PLANERKA_SETTINGS")
    if named and not Path(named).is_file():
        raise SettingsError(f"PLANERKA_SETTINGS names {named}, and there is no such file: correct the path")
    return Path(named) if named else DEFAULT_FILE


def written_in(file: Path) -> dict[str, Any]:
    """What a settings file says, with or without the byte order mark of Windows; nothing where there is no file."""
    return tomllib.loads(file.read_text("utf-8-sig")) if file.is_file() else {}


def load_settings(**overrides: Any) -> Settings:
    """Settings from file, environment and .env, or a SettingsError that names every wrong key with its remedy."""
    try:
        settings = Settings(**overrides)
    except ValidationError as wrong:
        raise refused([f"{'.'.join(map(str, e['loc'])) or 'settings'}: {remedy(e)}" for e in wrong.errors()]) from None
    except tomllib.TOMLDecodeError as wrong:
        raise refused([f"this file is no TOML: {wrong}; put texts in quotes"]) from None
    except UnicodeDecodeError:
        raise refused(["this file, or .env beside it, is not UTF-8: save it again as UTF-8"]) from None
    except OSError as wrong:
        raise refused(
            [f"{wrong.filename} cannot be read ({wrong.strerror}): give yourself the right to read it"]
        ) from None
    except UnreadableVariable as wrong:
        raise refused([f'{wrong}: write a list as ["a", "b"], also in the environment']) from None
    unknown = [name for name in os.environ if name.startswith(PREFIX) and not is_known(name)]
    if unknown:
        raise refused([f"{name}: {no_such(name, list(Settings.model_fields))}" for name in sorted(unknown)])
    return settings


def refused(problems: list[str]) -> SettingsError:
    return SettingsError("\n  ".join([f"settings are not complete (file: {settings_file()}):", *problems]))


def is_known(variable: str) -> bool:
    """Whether a variable names a setting or a section; the keys in a section are checked with the rest."""
    return variable.removeprefix(PREFIX).lower().partition("__")[0] in {"settings", *Settings.model_fields}


def remedy(error: Any) -> str:
    """Pydantic's complaint, in words that say what to do."""
    if error["type"] == "extra_forbidden":
        fields: Any = Settings.model_fields
        for section in error["loc"][:-1]:
            fields = fields[section].annotation.model_fields
        return no_such(str(error["loc"][-1]), list(fields))
    if error["type"] == "tuple_type":
        return 'write a list, as ["a", "b"], also in the environment'
    return str(error["msg"]).removeprefix("Value error, ")


def no_such(name: str, known: list[str]) -> str:
    close = get_close_matches(name.upper().removeprefix(PREFIX).lower(), known, n=1)
    return f"there is no such setting: {f'the nearest is {close[0]!r}' if close else 'docs/settings.md lists them all'}"
