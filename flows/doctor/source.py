"""Where the leads come from."""

from collections.abc import Iterator

from flows.doctor.finding import Finding, Level
from flows.wiring import clock, journal_of, source_of
from planerka.settings import Settings


def source(settings: Settings) -> Iterator[Finding]:
    """It lets planerka in, and gives what the mapping says."""
    if settings.source.kind == "sample" and not journal_of(settings).exists():
        said = "the built-in sample company, made by the first run"
    else:
        said = source_of(settings, clock()).check_access()
    yield Finding("source", Level.OK, said)
