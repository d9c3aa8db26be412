"""The preview as a page: one HTML file in the style of the others, no script, nothing from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from planerka.pack.charts import svg
from planerka.pack.render import environment, style
from planerka.preview.tables import Table
from planerka.words import Words


@dataclass(frozen=True, kw_only=True)
class PreviewPage:
    language: str
    title: str
    subtitle: str
    headline: str
    skip: str
    tables: tuple[Table, ...]


def preview_page(
    tables: Sequence[Table], headline: str, source: str, at: datetime, zone: ZoneInfo, words: Words
) -> str:
    page = PreviewPage(
        language=words.language,
        title=words.say("What the mapping makes of the export"),
        subtitle=f"{source} · {words.instant(at, zone)}",
        headline=headline,
        skip=words.say("Skip to the tables"),
        tables=tuple(tables),
    )
    css = style("pack.css") + style("preview.css")
    return environment(svg).get_template("preview.html.j2").render(page=page, css=css)
