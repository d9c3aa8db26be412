"""One frozen `Settings`, read once from planerka.toml, the environment (`PLANERKA_…`) and .env.

Complete or refused: every wrong or missing name is listed at once. With no file at all the settings are those
of the built-in sample company, which reaches nobody's CRM and nobody's inbox.
"""

import os
import tomllib
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from dotenv.parser import parse_stream
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from planerka.errors import SettingsError
from planerka.people import DeskSettings
from planerka.sections import (
    AlarmSettings,
    DeliverySettings,
    OfficeSettings,
    PossiblePath,
    PrivacySettings,
    ReviewSettings,
    SourceSettings,
    ZoneName,
    not_empty,
)

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_FILE = Path("planerka.toml")
ENV_FILE = Path(".env")
ENCODING = "utf-8-sig"  # with or without the byte order mark of Windows
PREFIX = "PLANERKA_"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=ENV_FILE,
        env_file_encoding=ENCODING,
        dotenv_filtering="match_prefix",  # other programs keep theirs in the same .env
        frozen=True,
        extra="forbid",
    )

    company: str | None = None
    language: Literal["ru", "en"] = "ru"
    time_zone: ZoneName = "Europe/Moscow"
    store: SecretStr | None = None
    rulebook: PossiblePath = PROJECT / "rulebook"
    data: PossiblePath = Path("var")
    out: PossiblePath = Path("out")
    max_age_hours: int = Field(default=48, ge=1, le=365 * 24)
    analyst_ids: tuple[str, ...] = ()
    phone_key: SecretStr | None = None
    phone_key_before: SecretStr | None = None
    source: SourceSettings = SourceSettings()
    office: OfficeSettings = OfficeSettings()
    review: ReviewSettings = ReviewSettings()
    delivery: DeliverySettings = DeliverySettings()
    alarms: AlarmSettings = AlarmSettings()
    desk: DeskSettings = DeskSettings()
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
    def phone_hash_key(self) -> bytes | None:
        """The key of the hashes of phones, a secret; None: no phone may be read."""
        return self.phone_key.get_secret_value().encode() if self.phone_key else None

    @property
    def store_url(self) -> str:
        """The database: a file under `data` unless `store` names another. May hold a password: never log it."""
        return self.store.get_secret_value() if self.store else f"sqlite:///{self.data / 'planerka.db'}"


def settings_file() -> Path:
    """The file that `PLANERKA_SETTINGS` names, else planerka.toml of the current folder (which need not exist)."""
    named = os.environ.get("PLANERKA_SETTINGS")
    if named and not os.path.isfile(named):
        raise SettingsError(f"PLANERKA_SETTINGS names {named}, and there is no such file: correct the path")
    return Path(named) if named else DEFAULT_FILE


def written_in(file: Path) -> dict[str, Any]:
    """What a settings file says; nothing where there is none."""
    return tomllib.loads(file.read_text(ENCODING)) if file.is_file() else {}


def refuse_what_would_be_passed_over() -> None:
    """SettingsError where something was written that none of the readers reads: what it says would be left out."""
    for file in (settings_file(), ENV_FILE):
        if file.is_dir():
            raise refused([f"{file} is a folder: put the file in its place, or remove it"])
        if file.is_symlink() and not file.exists():
            raise refused([f"{file} is a link that leads nowhere: correct it, or remove it"])
    if broken := broken_lines(ENV_FILE):
        raise refused([f"{ENV_FILE}, line {n}: it cannot be read, write it as NAME='value'" for n in broken])


def broken_lines(file: Path) -> list[int]:
    """The numbers of the lines that are no assignment, as for want of a quote: they may hold a secret."""
    if not file.is_file():
        return []
    with file.open(encoding=ENCODING) as text:
        broken = [binding.original for binding in parse_stream(text) if binding.error]
    return [part.line + blank_lines(part.string) for part in broken]


def blank_lines(text: str) -> int:
    """How many go before the first that says something."""
    return text[: -len(text.lstrip())].count("\n")


def load_settings(**overrides: Any) -> Settings:
    """Settings from file, environment and .env, or a SettingsError that names every wrong key with its remedy."""
    try:
        refuse_what_would_be_passed_over()
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
        return no_such(str(error["loc"][-1]), list(section_at(error["loc"][:-1]).model_fields))
    if error["type"] == "tuple_type":
        return 'write a list, as ["a", "b"], also in the environment'
    return str(error["msg"]).removeprefix("Value error, ")


def section_at(place: tuple[str | int, ...]) -> type[BaseModel]:
    """The model of a section; in a table or a list of sections, as `office.projects`, stand their names or numbers."""
    section: Any = Settings
    for name in place:
        known = getattr(section, "model_fields", None)
        section = (
            known[name].annotation if known else next(arg for arg in get_args(section) if hasattr(arg, "model_fields"))
        )
    return section


def no_such(name: str, known: list[str]) -> str:
    close = get_close_matches(name.upper().removeprefix(PREFIX).lower(), known, n=1)
    return f"there is no such setting: {f'the nearest is {close[0]!r}' if close else 'docs/settings.md lists them all'}"
