"""Where the leads come from."""

from collections.abc import Iterator

from flows.doctor.finding import Finding, Level
from flows.sources import journal_of, mapping_of, source_of
from flows.wiring import clock
from planerka.crm.mapping import AnyMapping
from planerka.model import ReferenceKind
from planerka.regulation.editions import load_all
from planerka.settings import Settings


def source(settings: Settings) -> Iterator[Finding]:
    """It lets planerka in, and gives what the mapping says."""
    if settings.source.kind == "sample" and not journal_of(settings).exists():
        said = "the built-in sample company, made by the first run"
    else:
        said = source_of(settings, clock()).check_access()
    yield Finding("source", Level.OK, said)
    if mapping := mapping_of(settings):
        yield from reasons(settings, mapping)


def reasons(settings: Settings, mapping: AnyMapping) -> Iterator[Finding]:
    """Every code that the mapping gives a reason is one of the regulation: a rejection for any other is unlawful."""
    legal = {reason.code for edition in load_all(settings.rulebook / "regulation") for reason in edition.reasons}
    names = mapping.references.get(ReferenceKind.REASON, {})
    unknown = sorted({name.code for name in names.values() if name.code} - legal)
    if unknown:
        said = (
            f"{settings.source.mapping} gives reasons codes that no edition has: {', '.join(unknown)}. Every rejection "
            f"for them is unlawful, and stays so once judged. Known are {', '.join(sorted(legal))}"
        )
        yield Finding("reasons", Level.WARNING, said)
