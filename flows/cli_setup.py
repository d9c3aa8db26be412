"""`planerka init` and `planerka doctor`: how an installation begins, and whether it is well."""

import shlex
import shutil
import sys
from pathlib import Path

from flows.cli_json import print_json
from flows.doctor.finding import Finding, Level
from planerka.errors import UsageError
from planerka.files import write_atomically
from planerka.settings import PROJECT, Settings, settings_file

STARTER, RULEBOOK = PROJECT / "starter", PROJECT / "rulebook"


def lay_out(folder: Path) -> None:
    """Write the files that a company begins with. UsageError where one is there and reads otherwise: nothing is then
    written. What a killed run has written is no hindrance."""
    files = {folder / path.relative_to(STARTER): path for path in STARTER.iterdir()}
    files |= {folder / path.relative_to(PROJECT): path for path in sorted(RULEBOOK.rglob("*.*"))}
    others = [str(path) for path, origin in files.items() if path.exists() and not is_copy(path, origin)]
    if others:
        raise UsageError(f"{', '.join(others)}: already there, and not overwritten; name a new folder")
    for path, origin in files.items():
        write_atomically(path, origin.read_bytes())


def is_copy(path: Path, origin: Path) -> bool:
    return path.is_file() and path.read_bytes() == origin.read_bytes()


def print_next_commands(folder: Path) -> None:
    """The command is named as it can be called from there."""
    planerka = "planerka" if shutil.which("planerka") else shlex.quote(str(Path(sys.argv[0]).resolve()))
    print(f"{folder.resolve()} is ready.")
    print("Its planerka.toml is of the sample company: to look around in it, or to make it yours.")
    print("A database holds one of the two, so write your own [source] before the first run. Next:")
    go_there = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    for command in (*go_there, f"{planerka} doctor", f"{planerka} weekly"):
        print(f"    {command}")


def say_if_made_up(settings: Settings) -> None:
    """In a folder without settings: whoever has a company of their own is in the wrong one, and would wait in vain."""
    if "kind" not in settings.source.model_fields_set and not settings_file().is_file():
        here = f"There is no {settings_file()} in {Path.cwd()}"
        print(f"{here}: what follows is the made-up sample company (yours: docs/your-own-export.md).", flush=True)


def print_findings(found: list[Finding], *, as_json: bool) -> None:
    """A line a finding, or JSON with its keys: check, level, message."""
    if as_json:
        print_json(found)
        return
    for finding in found:
        print(f"{finding.level:<8} {finding.check:<16} {finding.message}")
    print(f"Found wrong: {count(found, Level.WRONG)}, warnings: {count(found, Level.WARNING)}")


def count(found: list[Finding], level: Level) -> int:
    return sum(finding.level == level for finding in found)
