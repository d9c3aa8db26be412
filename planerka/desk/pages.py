"""Templates and static files. Texts are escaped, an unknown name is an error, nothing is counted in a template."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from planerka.disputes.answering import is_link
from planerka.words import Words

HOME = Path(__file__).parent
MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, kw_only=True)
class StaticFile:
    """`version` follows from the content: under the same version a browser need never ask again."""

    content: bytes
    media_type: str
    version: str


@lru_cache
def static_files() -> dict[str, StaticFile]:
    """Every file there is, by its name: what is not one of them cannot be asked for."""
    return {path.name: static_file(path) for path in (HOME / "static").iterdir()}


def static_file(path: Path) -> StaticFile:
    content = path.read_bytes()
    version = hashlib.sha256(content).hexdigest()[:16]
    return StaticFile(content=content, media_type=MEDIA_TYPES[path.suffix], version=version)


def static_url(name: str) -> str:
    return f"/static/{name}?v={static_files()[name].version}"


@lru_cache
def environment() -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(HOME / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.globals["static"] = static_url
    jinja.tests["link"] = is_link  # an export may hold anything where the address of a card is meant
    return jinja


def rendered(template: str, words: Words, values: dict[str, object]) -> str:
    """In a template `say` and `count` are those of the words."""
    spoken = {"words": words, "say": words.say, "count": words.count}
    return environment().get_template(template).render({**spoken, **values})
