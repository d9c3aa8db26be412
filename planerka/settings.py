"""One frozen `Settings`, read once from planerka.toml, the environment (`PLANERKA_…`) and .env.

Complete or refused: every wrong or missing name is listed at once. With no file at all the settings are those
of the built-in sample company, which reaches nobody's CRM and nobody's inbox.
"""

import os
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from planerka.errors import SettingsError

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_FILE = Path("planerka.toml")


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceSettings(Section):
    """Where the leads come from."""

    kind: Literal["sample", "table"] = "sample"
    leads_n: int = Field(default=30_000, ge=100)
    seed: int = 2026
    mapping: Path | None = None
    folder: Path | None = None

    @model_validator(mode="after")
    def table_needs_a_mapping(self) -> "SourceSettings":
        if self.kind == "table" and self.mapping is None:
            raise ValueError('kind = "table" needs `mapping`, the path of a mapping file (docs/your-own-export.md)')
        return self


class HoursSettings(Section):
    """Working hours in the company's zone; weekdays 1 (Monday) to 7. `open_on`: days worked on a day off."""

    opens: time = time(9)
    closes: time = time(21)
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    closed_on: tuple[date, ...] = ()
    open_on: tuple[date, ...] = ()


class DeliverySettings(Section):
    """Who gets the pack. The default is a folder: nothing reaches a real inbox by accident."""

    sender: str = "planerka@example.com"
    recipients: tuple[str, ...] = ("weekly-meeting@example.com",)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="PLANERKA_", env_nested_delimiter="__", env_file=".env", frozen=True, extra="forbid"
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
    source: SourceSettings = SourceSettings()
    office: HoursSettings = HoursSettings()
    review: HoursSettings = HoursSettings(closes=time(18), weekdays=(1, 2, 3, 4, 5))
    delivery: DeliverySettings = DeliverySettings()

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
        cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = TomlConfigSettingsSource(settings_cls, settings_file())
        return sources["init_settings"], sources["env_settings"], sources["dotenv_settings"], file

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


def load_settings(**overrides: Any) -> Settings:
    """Settings from file, environment and .env, or a SettingsError that names every wrong key with its remedy."""
    try:
        return Settings(**overrides)
    except ValidationError as wrong:
        lines = [f"  {'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in wrong.errors()]
        raise SettingsError("\n".join([f"settings are not complete (file: {settings_file()}):", *lines])) from None
