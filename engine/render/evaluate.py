"""A parsed template as functions: names looked up, helpers applied, sections repeated.

Everything that does not depend on the data is settled here once, so that rendering is a few calls per tag. Lookup
is strict: own keys of objects and digits into lists, nothing else, and a name is looked for in the first scope that
has its first part.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from engine.clock import iso, now_ms
from engine.errors import BadJson
from engine.jsonio import dump_text
from engine.render.helpers.base import HelperError
from engine.render.parse import Node, Section, Tag
from engine.render.state import MISSING, Fault, State, too_long
from engine.render.tag import Call, Pipeline

ROOTS: Final = frozenset({"data", "steps", "trigger", "run", "workflow", "secrets"})
"""The names every scope starts from; any other bare name is a key of `data`."""

Value = Callable[[State], Any]
Text = Callable[[State], str]
Part = str | Text


class Body(Protocol):
    """Compiles the nodes inside a section."""

    def __call__(self, nodes: tuple[Node, ...], roots: frozenset[str], *, inside: bool) -> list[Part]: ...


_LIST_SHIFT: Final = 6  # one unit of work for 64 items a helper handles
_TEXT_SHIFT: Final = 7  # and for 128 characters
_LARGEST: Final = 1 << 63


def compile_parts(nodes: tuple[Node, ...], roots: frozenset[str], *, inside: bool = False) -> list[Part]:
    """What to write, in order; texts stay texts."""
    return [node if isinstance(node, str) else compile_part(node, roots, inside) for node in nodes]


def compile_part(node: Tag | Section, roots: frozenset[str], inside: bool, body: Body = compile_parts) -> Text:
    """What one tag or section writes; `body` compiles what stands in a section."""
    if isinstance(node, Section):
        return _section(node, roots, inside, body)
    value = compile_value(node, roots, inside)
    raw, offset = node.raw, node.offset

    def text(state: State) -> str:
        found = value(state)
        written = found if type(found) is str else text_of(found, offset)
        if state.escape is not None and not raw:
            return state.escape(written)
        return written

    return text


def compile_value(tag: Tag, roots: frozenset[str], inside: bool = False) -> Value:
    """The value of one tag; a missing name is noted and null."""
    look = _lookup(tag.pipeline, roots, inside)
    noted = None if tag.pipeline.forgiving else str(tag.pipeline)
    return _through(look, tag.pipeline.calls, tag.offset, noted)


def write(parts: list[Part], state: State, offset: int = 0) -> str:
    """All parts as one text."""
    pieces = []
    room = state.room
    for part in parts:
        piece = part if type(part) is str else part(state)  # type: ignore[operator]
        room -= len(piece)
        if room < 0:
            raise too_long(offset)
        pieces.append(piece)
    return "".join(pieces)


def text_of(value: Any, offset: int) -> str:
    """A value as part of a text: null is empty, and what is not text is JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if type(value) is int and -_LARGEST <= value < _LARGEST:
        return str(value)
    try:
        return dump_text(value)
    except (BadJson, RecursionError) as error:
        raise Fault("template_value", f"the value {error}", offset) from None


def falsy(value: Any) -> bool:
    """What a section takes for no: missing, null, false, 0, an empty text and an empty list."""
    return value is MISSING or (not value and not isinstance(value, Mapping))


def child(value: Any, name: str) -> Any:
    """The own key of an object or the item of a list, else MISSING."""
    if type(value) is dict or isinstance(value, Mapping):
        return value.get(name, MISSING)
    if isinstance(value, list | tuple) and name.isascii() and name.isdigit() and len(name) < 10:
        index = int(name)
        return value[index] if index < len(value) else MISSING
    return MISSING


def _lookup(pipeline: Pipeline, roots: frozenset[str], inside: bool) -> Value:
    if pipeline.special:
        return _SPECIALS[pipeline.special]
    names = pipeline.names
    if pipeline.here:
        return _here(names, inside)
    static = _static(names[0], names[1:]) if names[0] in roots else _static("data", names)
    return _stacked(names[0], names[1:], static) if inside else static


def _static(root: str, names: tuple[str, ...]) -> Value:
    if len(names) == 1:
        name = names[0]

        def one(state: State) -> Any:
            found = state.scope.get(root, MISSING)
            return found.get(name, MISSING) if type(found) is dict else child(found, name)

        return one

    def many(state: State) -> Any:
        return _descend(state.scope.get(root, MISSING), names)

    return many


def _stacked(first: str, rest: tuple[str, ...], static: Value) -> Value:
    def look(state: State) -> Any:
        for frame in reversed(state.frames):
            found = child(frame[0], first)
            if found is not MISSING:
                return _descend(found, rest)
        return static(state)

    return look


def _here(names: tuple[str, ...], inside: bool) -> Value:
    if inside:
        return lambda state: _descend(state.frames[-1][0], names)
    return _static("data", names)


def _descend(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        value = child(value, name)
        if value is MISSING:
            break
    return value


_SPECIALS: Final[Mapping[str, Value]] = {
    "@index": lambda state: state.frames[-1][1],
    "@first": lambda state: state.frames[-1][1] == 0,
    "@last": lambda state: state.frames[-1][1] == state.frames[-1][2] - 1,
    "@now": lambda _: iso(now_ms()),
    "@timestamp": lambda _: now_ms(),
    "@uuid": lambda _: str(uuid.uuid4()),
}


def _through(look: Value, calls: tuple[Call, ...], offset: int, noted: str | None) -> Value:
    def plain(state: State) -> Any:
        found = look(state)
        if found is MISSING:
            if noted is not None:
                state.note(noted)
            return None
        return found

    if not calls:
        return plain

    def helped(state: State) -> Any:
        value = plain(state)
        for call in calls:
            value = _apply(call, value, state, offset)
        return value

    return helped


def _apply(call: Call, value: Any, state: State, offset: int) -> Any:
    before = _weight(value)
    state.spend(1 + before, offset)
    try:
        result = call.helper(value, call.args)
    except (HelperError, BadJson) as error:
        raise Fault("template_helper", f"{call.helper.name}: {error}", offset) from None
    except (ArithmeticError, ValueError, RecursionError):
        raise Fault("template_helper", f"{call.helper.name}: cannot handle this value", offset) from None
    state.spend(_weight(result), offset)
    if state.follow is not None:
        state.follow(value, result)
    return result


def _weight(value: Any) -> int:
    if isinstance(value, str):
        return len(value) >> _TEXT_SHIFT
    return len(value) >> _LIST_SHIFT if isinstance(value, list | tuple | dict) else 0


def _section(section: Section, roots: frozenset[str], inside: bool, body: Body) -> Text:
    look = _through(_lookup(section.pipeline, roots, inside), section.pipeline.calls, section.offset, None)
    offset, cost = section.offset, 1 + len(section.body)
    if section.inverted:
        parts = body(section.body, roots, inside=inside)

        def otherwise(state: State) -> str:
            state.spend(cost, offset)
            return write(parts, state, offset) if falsy(look(state)) else ""

        return otherwise

    parts = body(section.body, roots, inside=True)

    def repeated(state: State) -> str:
        value = look(state)
        if falsy(value):
            return ""
        rounds = value if isinstance(value, list | tuple) else (value,)
        count, room, pieces = len(rounds), state.room, []
        for index, item in enumerate(rounds):
            state.spend(cost, offset)
            state.frames.append((item, index, count))
            piece = write(parts, state, offset)
            state.frames.pop()
            room -= len(piece)
            if room < 0:
                raise too_long(offset)
            pieces.append(piece)
        return "".join(pieces)

    return repeated
