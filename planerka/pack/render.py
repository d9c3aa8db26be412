"""A page or a letter through its template. Texts are escaped, an unknown name is an error, nothing is counted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from planerka.pack import charts
from planerka.pack.model import Chart, Letter, Page
from planerka.settings import PROJECT

TEMPLATES = PROJECT / "report_templates"

Draw = Callable[[Chart], Markup]


@dataclass(frozen=True, kw_only=True)
class LetterParts:
    """An e-mail before it is addressed: `images` are PNGs by the content id that the HTML names."""

    subject: str
    text: str
    html: str
    images: dict[str, bytes]


@lru_cache
def environment(draw: Draw) -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    jinja.filters["drawn"] = draw
    return jinja


def style(name: str) -> Markup:
    """A style sheet of ours: the one text that goes into a page unescaped."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def render_pack(page: Page, draw: Draw = charts.svg) -> str:
    """One HTML file: no script, nothing from outside, and a policy that forbids both."""
    return environment(draw).get_template("pack.html.j2").render(page=page, css=style("pack.css"))


def render_letter(letter: Letter) -> LetterParts:
    """The parts of the e-mail; the styles of the HTML are inlined, for mail clients drop style sheets."""
    import css_inline

    images = {letter.chart.key: charts.png(letter.chart)} if letter.chart else {}
    templates = environment(charts.svg)
    html = templates.get_template("mail.html.j2").render(
        letter=letter, css=style("mail.css"), dark_css=style("mail-dark.css")
    )
    text = templates.get_template("mail.txt.j2").render(letter=letter)
    return LetterParts(
        subject=letter.subject, text=text, html=css_inline.inline(html, load_remote_stylesheets=False), images=images
    )
