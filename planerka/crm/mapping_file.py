"""Reading a mapping file: every wrong key is told at once, with what to do about it."""

from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from planerka.crm.mapping import AnyMapping, Mapping
from planerka.crm.names import nearest
from planerka.errors import MappingError
from planerka.unseen import visible

M = TypeVar("M", bound=AnyMapping)


class TextLoader(yaml.BaseLoader):
    """YAML whose scalars are all text, and in which a key given twice is an error, not the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if names.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is given twice", key.start_mark)
        return super().construct_mapping(node, deep)


def load_mapping(path: Path) -> Mapping:
    """The mapping of an export; MappingError names every wrong key at once."""
    return load(path, Mapping)


def load(path: Path, kind: type[M]) -> M:
    """A mapping of that kind."""
    try:
        raw = yaml.load(visible(path.read_text("utf-8")), Loader=TextLoader)
    except OSError as error:
        raise MappingError(f"mapping {path} cannot be read ({error.strerror}): correct the path") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingError(f"mapping {path} is no YAML in UTF-8: {error}") from None
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc'])) or 'the file'}: {remedy(kind, e)}" for e in error.errors()]
        raise MappingError("\n".join([f"mapping {path} (keys: docs/your-own-export.md):", *lines])) from None


def remedy(whole: type[BaseModel], error: Any) -> str:
    """Pydantic's complaint, in words that say what to do."""
    if error["type"] == "extra_forbidden":
        return f"there is no such key: {nearest(str(error['loc'][-1]), keys_beside(whole, error['loc']))}"
    if error["type"] == "missing":
        return "this key is missing: add it"
    return str(error["msg"]).removeprefix("Value error, ")


def keys_beside(whole: type[BaseModel], place: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that may stand where a wrong one does; steps that are names or numbers lead into no other part."""
    part = whole
    for step in place[:-1]:
        inner = [f.annotation for name, f in part.model_fields.items() if (f.alias or name) == step]
        part = (inner and part_in(inner[0])) or part
    return tuple(field.alias or name for name, field in part.model_fields.items())


def part_in(annotation: Any) -> type[BaseModel] | None:
    """The part of the mapping that the type of a key leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((part for inner in get_args(annotation) if (part := part_in(inner))), None)
