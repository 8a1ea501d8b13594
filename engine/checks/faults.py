"""What pydantic finds wrong with a document, as places in the document itself.

Pydantic names the branch of a union it tried inside the path, and reports every branch. Here a path holds only
what the document holds, and of the branches only the one that came nearest is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_snake

Path = tuple[str | int, ...]

_MISMATCHES = frozenset({"literal_error", "enum", "is_instance_of", "none_required"})


@dataclass(slots=True)
class Fault:
    """One error. `path` ends at the value that is wrong, or at the key that is missing or unknown.

    `value` is what stands there. `tags` are the branches taken on the way, with the paths of their unions. `loc` is
    pydantic's own path. `kinds` are the types of all errors this one stands for.
    """

    kind: str
    message: str
    context: Mapping[str, Any]
    path: Path
    value: Any
    tags: tuple[tuple[Path, str], ...]
    loc: Path
    kinds: tuple[str, ...]

    @property
    def mismatch(self) -> bool:
        """Whether the value is of another type than asked for."""
        return self.kind.endswith("_type") or self.kind in _MISMATCHES


def faults_of(error: ValidationError, document: Any) -> list[Fault]:
    """Every error once, in the order of the document's model."""
    found = [
        _located(document, raw["loc"], raw["type"], raw["msg"], raw.get("ctx") or {})
        for raw in error.errors(include_url=False, include_input=False)
    ]
    unions = sorted({path for fault in found for path, _ in fault.tags}, key=len)
    for union in unions:
        found = _nearest_branch(found, union)
    return found


def path_text(path: Iterable[str | int]) -> str:
    """`next[1].when`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def value_at(document: Any, path: Path) -> Any:
    """What stands at a path; None where nothing does."""
    for part in path:
        if not holds(document, part):
            return None
        document = document[part]
    return document


def holds(value: Any, part: str | int) -> bool:
    """Whether an object has this key, or a list this position."""
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, Mapping) and part in value


def known_names(model: type[BaseModel], loc: Path) -> list[str]:
    """The fields of the model a path of pydantic's leads into; the path's last part is the name in question."""
    classes = [model]
    for part in loc[:-1]:
        if isinstance(part, int):
            continue
        entered = [field.annotation for cls in classes for name, field in _fields(cls) if part in (name, field.alias)]
        if entered:
            classes = [cls for annotation in entered for cls in _models_in(annotation)]
        else:
            classes = [cls for cls in classes if cls.__name__ == part] or classes
    return [str(field.alias or name) for cls in classes for name, field in _fields(cls)]


def _located(document: Any, loc: Path, kind: str, message: str, context: Mapping[str, Any]) -> Fault:
    path: list[str | int] = []
    tags: list[tuple[Path, str]] = []
    value = document
    for index, part in enumerate(loc):
        key = _key(value, part)
        if key is not None:
            path.append(key)
            value = value[key]
        elif index == len(loc) - 1 and kind == "missing":
            path.append(part)
            value = None
        else:
            tags.append((tuple(path), str(part)))
    return Fault(kind, message, context, tuple(path), value, tuple(tags), loc, (kind,))


def _key(value: Any, part: str | int) -> str | int | None:
    """The part as the document writes it, if it does."""
    return next((name for name in (part, to_snake(str(part))) if holds(value, name)), None)


def _nearest_branch(faults: list[Fault], union: Path) -> list[Fault]:
    branches: dict[str, list[Fault]] = {}
    for fault in faults:
        for path, tag in fault.tags:
            if path == union:
                branches.setdefault(tag, []).append(fault)
    if len(branches) < 2:
        return faults
    deep = [
        branch for branch in branches.values() if not any(fault.path == union and fault.mismatch for fault in branch)
    ]
    if deep:
        kept = min(deep, key=len)
    else:
        first = next(iter(branches.values()))[0]
        first.kinds = tuple(dict.fromkeys(fault.kind for branch in branches.values() for fault in branch))
        kept = [first]
    dropped = {id(fault) for branch in branches.values() for fault in branch} - {id(fault) for fault in kept}
    return [fault for fault in faults if id(fault) not in dropped]


def _fields(cls: type[BaseModel]) -> list[tuple[str, Any]]:
    return list(cls.model_fields.items())


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [cls for part in get_args(annotation) for cls in _models_in(part)]
