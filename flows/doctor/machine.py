"""The machine that planerka runs on, and the rules that lie on it."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import TZPATH

from flows.doctor.finding import Finding, Level, Said, looked_at
from flows.wiring import clock
from planerka.errors import RulebookError
from planerka.regulation.editions import load_all
from planerka.rulebook.kpis import load_catalogue
from planerka.settings import ENV_FILE, Settings, settings_file

GB = 1_000_000_000
SCARCE, TOO_LITTLE = 5 * GB, GB // 2
"""Bytes. A company of a million leads writes its store anew, a pack and a copy of the store in a week."""

RULES_AGE_YEARS = 1

DRIFT, TOO_FAR = timedelta(seconds=5), timedelta(seconds=60)
"""Deadlines in hours bear seconds; a minute apart, the records of two machines contradict each other."""


def machine(read: Settings) -> Iterator[Finding]:
    """What can be told without asking another machine."""
    yield from looked_at(read, settings, secrets, time_zones, folders, disk, rulebook)


def settings(read: Settings) -> Iterator[Said]:
    """They are complete, for here they are."""
    file = settings_file()
    said = str(file.resolve()) if file.is_file() else f"no {file} in this folder, so the defaults"
    yield Level.OK, f"{said}: source {read.source.kind}, mails by {read.delivery.how}"


def secrets(_: Settings) -> Iterator[Said]:
    """What .env holds is read by its owner alone."""
    if not ENV_FILE.is_file():
        return
    mode = stat.S_IMODE(ENV_FILE.stat().st_mode)
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        yield Level.WARNING, f"{ENV_FILE} may be read by others ({mode:03o}): `chmod 600 {ENV_FILE.resolve()}`"
    else:
        yield Level.OK, f"{ENV_FILE.resolve()} is read by its owner alone"


def time_zones(settings: Settings) -> Iterator[Said]:
    """The rules of local time are fresh: states change theirs every year."""
    rules = zone_rules()
    if int(rules[:4]) < clock().year - RULES_AGE_YEARS:
        yield Level.WARNING, f"time zone rules are of {rules}: `apt-get install --only-upgrade tzdata`"
    else:
        yield Level.OK, f"{settings.time_zone}, by the rules of {rules}"


def zone_rules() -> str:
    """The edition of the rules in use, as 2026a: those of the system go before the package."""
    for file in (Path(folder, "tzdata.zi") for folder in TZPATH):
        if file.is_file():
            with file.open(encoding="ascii") as rules:
                return rules.readline().removeprefix("# version ").strip()
    return version("tzdata")


def folders(settings: Settings) -> Iterator[Said]:
    """This user may write where the settings say."""
    for key, folder in (("data", settings.data), ("out", settings.out)):
        place = nearest_there(folder)
        if not place.is_dir():
            yield Level.WRONG, f"{key}: {place} is a file, where a folder is needed: move it away, or correct `{key}`"
        elif os.access(place, os.W_OK | os.X_OK):
            yield Level.OK, f"{key}: {folder.resolve()}"
        else:
            yield (
                Level.WRONG,
                f"{key}: {place} may not be written to: `chown {os.getuid()} {place}`, or correct `{key}`",
            )


def disk(settings: Settings) -> Iterator[Said]:
    """There is room for what a week writes."""
    for place in sorted({nearest_there(folder) for folder in (settings.data, settings.out)}):
        free = shutil.disk_usage(place).free
        said = f"{place} has {free / GB:.1f} GB free"
        if free < SCARCE:
            remedy = "free some space, or name a folder on another disk by `data` and `out`"
            yield Level.WRONG if free < TOO_LITTLE else Level.WARNING, f"{said}: {remedy}"
        else:
            yield Level.OK, said


def nearest_there(folder: Path) -> Path:
    """The folder itself, or the one above in which it will be made."""
    folder = folder.resolve()
    # os.path: in a folder that this user may not look into, Path.exists() fails.
    return next(place for place in (folder, *folder.parents) if os.path.exists(place))


def difference(whose: str, theirs: datetime) -> Said:
    """What to say of a clock that was read just now."""
    apart = abs(theirs - clock())
    if apart < DRIFT:
        return Level.OK, f"{whose} and this machine's agree"
    remedy = "`timedatectl set-ntp true` on both machines"
    said = f"{whose} and this machine's are {apart.total_seconds():.0f} s apart: {remedy}"
    return Level.WRONG if apart > TOO_FAR else Level.WARNING, said


def rulebook(settings: Settings) -> Iterator[Said]:
    """Every rule can be read."""
    folder = settings.rulebook.resolve()
    kpis_n = len(load_catalogue(folder / "kpis.yaml"))
    editions = load_all(folder / "regulation")
    if not editions:
        raise RulebookError(f"{folder / 'regulation'} holds no edition (*.yaml): correct `rulebook`")
    yield Level.OK, f"{folder}, editions: {len(editions)}, KPIs: {kpis_n}"
