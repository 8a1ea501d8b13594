"""One text with templates in it, compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.errors import Invalid, Problem
from engine.render.evaluate import ROOTS, Part, Value, compile_parts, compile_value, write
from engine.render.parse import Node, ParseFault, Section, Tag, parse
from engine.render.state import Fault, State, too_long
from engine.render.url import UrlWriter, compile_url_parts

Escape = Callable[[str], str]
Lookups = dict[tuple[str, ...], int]


class Template:
    """A compiled text. Rendering depends on nothing but the scope, unless it is `volatile`.

    `field` is the path of the parameter it came from, for messages. `lookups` are the dotted paths it reads, root
    first, each with the place of its first use; names inside a section count when they start at a root, since any
    other may belong to the section's value.
    """

    __slots__ = ("_parts", "_source", "_url", "_value", "field", "lookups", "volatile")

    def __init__(self, source: str, field: str, nodes: tuple[Node, ...], roots: frozenset[str], *, url: bool) -> None:
        self.field = field
        self.lookups: Lookups = {}
        self.volatile = any(_survey(nodes, roots, self.lookups, inside=False))
        self._source = source
        self._url = url
        self._value: Value | None = None
        self._parts: list[Part] = []
        if len(nodes) == 1 and isinstance(nodes[0], Tag):
            self._value = compile_value(nodes[0], roots)
        if url:
            self._parts = compile_url_parts(nodes, roots)
        else:
            self._parts = compile_parts(nodes, roots)

    def render(self, scope: Mapping[str, Any], missing: list[str] | None = None, escape: Escape | None = None) -> Any:
        """The value: of any JSON type when the text is exactly one tag and nothing is escaped, else a text.

        Names that were not found are added to `missing`. Raises Invalid with a `template_…` code.
        """
        state = State(scope, missing)
        state.escape = escape
        return self.evaluate(state) if escape is None else self._text(state)

    def evaluate(self, state: State) -> Any:
        """The same for a rendering that is under way already."""
        if self._value is None:
            return self._text(state)
        try:
            return self._value(state)
        except Fault as fault:
            raise self._invalid(fault) from None

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, counted from 1."""
        return place_of(self._source, offset)

    def _text(self, state: State) -> str:
        if self._url:
            state.url = UrlWriter()
        try:
            text = write(self._parts, state)
        except Fault as fault:
            raise self._invalid(fault) from None
        state.room -= len(text)
        if state.room < 0:
            raise self._invalid(too_long(0))
        return text

    def _invalid(self, fault: Fault) -> Invalid:
        line, column = self.place(fault.offset)
        problem = Problem(
            fault.code, fault.message, field=self.field or None, hint=fault.hint, line=line, column=column
        )
        where = f"line {line}, column {column}"
        message = f"{self.field or 'template'}, {where}: {fault.message}"
        return Invalid(message, [problem], code=fault.code, hint=fault.hint)


def read_template(source: str, field: str, *, url: bool = False, roots: frozenset[str] = ROOTS) -> Template | Problem:
    """The compiled text, or what is wrong with it."""
    try:
        nodes = parse(source)
    except ParseFault as fault:
        line, column = place_of(source, fault.offset)
        return Problem(fault.code, fault.message, field=field or None, hint=fault.hint, line=line, column=column)
    return Template(source, field, nodes, roots, url=url)


def place_of(source: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, counted from 1."""
    before = source[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _survey(nodes: tuple[Node, ...], roots: frozenset[str], lookups: Lookups, *, inside: bool) -> Iterator[bool]:
    """Collect what is read; yields for each tag whether it is volatile."""
    for node in nodes:
        if isinstance(node, str):
            continue
        pipeline = node.pipeline
        yield pipeline.volatile
        if not pipeline.special and not pipeline.here:
            if pipeline.names[0] in roots:
                lookups.setdefault(pipeline.names, node.offset)
            elif not inside:
                lookups.setdefault(("data", *pipeline.names), node.offset)
        if isinstance(node, Section):
            yield from _survey(node.body, roots, lookups, inside=inside or not node.inverted)
