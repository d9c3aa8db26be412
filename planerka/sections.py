"""The sections of the settings, each checked as a whole: `[source]`, `[office]`, `[delivery]` …"""

import errno
import re
from datetime import date, time
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

LOOPBACK = ("localhost", "127.0.0.1", "::1")
ADDRESS = re.compile(r"[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")


def possible(path: Path) -> Path:
    """A path that the system can look up, whatever is or is not there: any use of another one ends in a traceback."""
    try:
        path.stat()
    except ValueError:
        raise ValueError(f"{str(path)!r} holds a sign that no path may hold: remove it") from None
    except OSError as wrong:
        if wrong.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise ValueError(f"{path} is no path ({wrong.strerror}): correct it") from None
    return path


PossiblePath = Annotated[Path, AfterValidator(possible)]


def existing_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: Europe is a folder of the rules
        raise ValueError(f"{name!r} is no time zone: write it as Europe/Moscow") from None
    return name


ZoneName = Annotated[str, AfterValidator(existing_zone)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OAuthSettings(Section):
    """An integration of amoCRM that renews its tokens by itself; `code`, which lives 20 minutes, begins it once."""

    client_id: str | None = None
    client_secret: SecretStr | None = None
    redirect_uri: str | None = None
    code: SecretStr | None = None

    @field_validator("client_id", "client_secret", "redirect_uri", "code")
    @classmethod
    def what_is_written_must_say_something(cls, written: Any) -> Any:
        return not_empty(written)

    @model_validator(mode="after")
    def integration_must_be_whole(self) -> "OAuthSettings":
        if len({value is None for value in (self.client_id, self.client_secret, self.redirect_uri)}) > 1:
            raise ValueError("an integration is `client_id`, `client_secret` and `redirect_uri`: write all three")
        return self


class SourceSettings(Section):
    """Where the leads come from."""

    kind: Literal["sample", "table", "amocrm", "odoo"] = "sample"
    leads_n: int = Field(default=30_000, ge=100)
    seed: int = Field(default=2026, ge=0, lt=2**32)
    mapping: PossiblePath | None = None
    folder: PossiblePath | None = None
    database: SecretStr | None = None
    url: str | None = None
    key: SecretStr | None = None
    requests_per_s: float = Field(default=7.0, gt=0, le=1000)
    oauth: OAuthSettings = OAuthSettings()

    @field_validator("database", "url", "key")
    @classmethod
    def what_is_written_must_say_something(cls, written: Any) -> Any:
        return not_empty(written)

    @field_validator("url")
    @classmethod
    def url_must_be_safe(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://no.url")
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
            return url
        raise ValueError(f"{url!r} would show the key to everybody on the way: write it as https://company.example")

    @model_validator(mode="after")
    def what_the_kind_needs_is_there(self) -> "SourceSettings":
        if self.kind == "table" and self.mapping is None:
            raise ValueError('kind = "table" needs `mapping`, the path of a mapping file (docs/your-own-export.md)')
        if self.kind in ("amocrm", "odoo"):
            given = {"mapping": self.mapping, "url": self.url, "key": self.key or self.oauth.client_id}
            given |= {"database": self.database} if self.kind == "odoo" else {}
            if missing := [name for name, value in given.items() if value is None]:
                raise ValueError(f'kind = "{self.kind}" needs `{"`, `".join(missing)}` (docs/{self.kind}.md)')
        return self


def revealed(secret: SecretStr | None) -> str | None:
    """The text of a secret, for whoever must show it: never for a log or an error."""
    return secret.get_secret_value() if secret else None


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

    @field_validator("opens", "closes", mode="before")
    @classmethod
    def hour_must_be_of_the_clock(cls, written: Any) -> Any:
        """Pydantic takes a number for seconds after midnight, and an hour with a zone for one like the others."""
        if isinstance(written, time) or (isinstance(written, str) and HOUR.fullmatch(written)):
            return written
        raise ValueError(f'{written!r} is no hour: write it as "09:00", by the clocks of `time_zone`')

    @model_validator(mode="after")
    def opens_before_it_closes(self) -> "HoursSettings":
        if self.opens >= self.closes or not self.weekdays:
            raise ValueError(f"open from {self.opens:%H:%M} to {self.closes:%H:%M}: no working time, correct it")
        return self


class ProjectHoursSettings(HoursSettings):
    """What is different in the office of one project; what is not written is as in `[office]`, the zone too."""

    time_zone: ZoneName | None = None


class OfficeSettings(HoursSettings):
    """The hours of the sales office, and of the projects, by id, that have one of their own."""

    projects: dict[str, ProjectHoursSettings] = {}

    def of_project(self, project_id: str) -> ProjectHoursSettings:
        """All the hours of a project's own office."""
        written = self.projects[project_id].model_dump(exclude_unset=True)
        return ProjectHoursSettings(**self.model_dump(exclude={"projects"}) | written)


class ReviewSettings(HoursSettings):
    """The hours of the quality-control analyst, who hears of more than `queue_limit` disputes at once, and what the
    analyst costs the company a month, in whole units of the currency of its contracts; None: not told."""

    closes: time = time(18)
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    queue_limit: int = Field(default=50, ge=1)
    analyst_cost_per_month: int | None = Field(default=None, ge=1)


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

    @field_validator("host")
    @classmethod
    def host_must_have_a_possible_name(cls, host: str | None) -> str | None:
        """By the rules that Python itself looks a name up by."""
        try:
            (host or "").encode("idna")
        except UnicodeError:
            raise ValueError(f"{host!r} is no name of a server: write it as mail.company.example") from None
        return host

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
    timeout_s: int = Field(default=60, ge=1, le=3600)
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
    directors: tuple[str, ...] = ()
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

    @field_validator("recipients", "analysts", "directors")
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

    keep_months: int | None = Field(default=None, ge=1, le=1200)
