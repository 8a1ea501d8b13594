"""What may stand at the cursor inside a template's tag: names with the values they have, and helpers.

The scope is what templates see: `data`, `steps`, `trigger`, `run`, `workflow`, with the values of a run where one is
known and UNKNOWN where only the name is, and the names of `secrets`, which have no value to show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from flowdesk.clean import clean
from flowdesk.tui.template_helpers import HELPERS

Scope = Mapping[str, Any]


class NotKnown(Enum):
    """The type of UNKNOWN."""

    UNKNOWN = "unknown"


UNKNOWN: Final = NotKnown.UNKNOWN
"""Stands for a value nobody has seen yet."""
ROOTS: Final = ("data", "steps", "trigger", "run", "workflow", "secrets")
MOMENTS: Final = {
    "@now": "this moment, as ISO-8601 text in UTC",
    "@timestamp": "this moment, as milliseconds since 1970",
    "@uuid": "a new random UUID",
}
_MOST: Final = 50
_LOOKED_AT: Final = 2000
_PREVIEW: Final = 40
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+")
_NAME: Final = re.compile(r"(?:[A-Za-z0-9_@.-]|\[\d+\]|\[\"(?:[^\"\\]|\\.)*\"\])*$")
_PART: Final = re.compile(r"\.?([A-Za-z0-9_@-]+)|\[(\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]")
_REST: Final = re.compile(r"[A-Za-z0-9_-]*")
_CLOSED: Final = re.compile(r"[^{}\n]*\}\}")
_SECTION: Final = re.compile(r"\{\{\s*([#^/])\s*(.*?)\s*\}\}", re.DOTALL)


@dataclass(slots=True, frozen=True)
class Candidate:
    """One suggestion: `insert` replaces `text[start:end]`. `more` means that something can follow in the same tag."""

    label: str
    detail: str
    insert: str
    start: int
    end: int
    more: bool = False


def candidates(text: str, cursor: int, scope: Scope) -> list[Candidate]:
    """What fits what was typed so far, best first; nothing when the cursor is not in a tag."""
    opening = text.rfind("{{", 0, cursor)
    if opening < 0 or "}}" in text[opening:cursor] or "\n" in text[opening:cursor]:
        return []
    inner = text[opening + 2 : cursor].lstrip("{")
    triple = text[opening - 1 : opening] == "{"
    closing = "" if _CLOSED.match(text, cursor) else "}}}" if triple else "}}"
    sign = inner.lstrip()[:1]
    if sign in ("!", "=", ">"):
        return []
    if sign == "/":
        return _closing(text, opening, cursor, inner.lstrip()[1:].lstrip(), closing)
    helper = _after_pipe(inner)
    if helper is not None:
        return _helpers(helper, cursor, _end(text, cursor), closing)
    return _names(inner.lstrip().lstrip("#^&").lstrip(), text, cursor, scope, closing)


def _end(text: str, cursor: int) -> int:
    """Where the word at the cursor ends."""
    found = _REST.match(text, cursor)
    return found.end() if found else cursor


def _after_pipe(inner: str) -> str | None:
    """What was typed of a helper's name; None before the first `|`, behind its arguments and in texts."""
    parts = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", "“”", inner).split("|")
    return parts[-1].lstrip() if len(parts) > 1 else None


def _helpers(typed: str, cursor: int, end: int, closing: str) -> list[Candidate]:
    if not _PLAIN.fullmatch(typed) and typed:
        return []
    start = cursor - len(typed)
    found = [name for name in HELPERS if name.startswith(typed)]
    found += [name for name in HELPERS if typed in name and name not in found]
    return [Candidate(name, HELPERS[name], name, start, end, more=bool(closing)) for name in found]


def _closing(text: str, opening: int, cursor: int, typed: str, closing: str) -> list[Candidate]:
    """The section that is open here."""
    still_open: list[str] = []
    for sign, name in _SECTION.findall(text[:opening]):
        if sign != "/":
            still_open.append(name)
        elif name in still_open:
            still_open.remove(name)
    if not still_open or not still_open[-1].startswith(typed):
        return []
    name = still_open[-1]
    return [Candidate(clean(name), "the end of this section", name + closing, cursor - len(typed), _end(text, cursor))]


def _names(inner: str, text: str, cursor: int, scope: Scope, closing: str) -> list[Candidate]:
    found = _NAME.search(inner)
    token = found.group() if found else ""
    if token != inner:
        return []
    way, _dot, typed = token.rpartition(".") if "." in token else ("", "", token)
    if "]" in typed:
        return []
    start, end = cursor - len(typed), _end(text, cursor)
    value: Any = _at(way, scope) if way else None
    choices = _first_names(scope) if not way else _members(value)
    low = typed.casefold()
    ranked = sorted(
        ((0 if key.casefold().startswith(low) else 1, at, key, held) for at, (key, held) in enumerate(choices)),
        key=lambda choice: choice[:2],
    )
    kept = [(key, held) for _rank, _at, key, held in ranked if low in key.casefold()]
    return [_candidate(key, held, way, start, end, closing) for key, held in kept[:_MOST]]


def _candidate(key: str, held: Any, way: str, start: int, end: int, closing: str) -> Candidate:
    more = isinstance(held, Mapping) and bool(held)
    written = key
    if not _PLAIN.fullmatch(key.removeprefix("@")):
        written = f"[{json.dumps(key, ensure_ascii=False)}]"
        start -= 1 if way else 0  # the bracket takes the place of the dot
        written = written if way else f"data{written}"
    detail = MOMENTS[key] if key in MOMENTS and not way else preview(held)
    return Candidate(clean(key), detail, written + ("." if more else closing), start, end, more)


def _first_names(scope: Scope) -> Iterator[tuple[str, Any]]:
    data = scope.get("data")
    if isinstance(data, Mapping):
        yield from ((key, held) for key, held in _members(data) if key not in ROOTS)
    for root in ROOTS:
        if root in scope:
            yield root, scope[root]
    yield from ((name, UNKNOWN) for name in MOMENTS)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for at, (key, held) in enumerate(value.items()):
            if at >= _LOOKED_AT:
                return
            yield str(key), held
    elif isinstance(value, list):
        yield from ((str(at), held) for at, held in enumerate(value[:_MOST]))


def _at(way: str, scope: Scope) -> Any:
    """The value a name leads to; UNKNOWN where there is none."""
    parts = [plain or position or json.loads(quoted) for plain, position, quoted in _PART.findall(way)]
    value: Any = scope if not parts or parts[0] in ROOTS else scope.get("data", UNKNOWN)
    for part in parts:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return UNKNOWN
    return value


def preview(value: Any) -> str:
    """A value in a few characters; nothing for one that is not known."""
    if value is UNKNOWN:
        return ""
    if isinstance(value, Mapping):
        return f"{{{len(value):,} key{'' if len(value) == 1 else 's'}}}"
    if isinstance(value, list):
        return f"[{len(value):,} item{'' if len(value) == 1 else 's'}]"
    if isinstance(value, str):
        shown = clean(value[: _PREVIEW + 1])
        return f'"{shown[:_PREVIEW]}…"' if len(shown) > _PREVIEW else f'"{shown}"'
    return clean(json.dumps(value))
