"""A template's text as a tree of literals, tags and sections.

chevron's tokenizer does the reading. It keeps no positions, ends in odd ways on broken tags and forgets an unclosed
one at the very end, so `_places` walks over the same tags first, refuses those, and says where each tag stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chevron.tokenizer import ChevronError, tokenize

from engine.render.state import MAX_NESTING, MAX_SOURCE, MAX_TAGS
from engine.render.tag import IN_SECTIONS, Pipeline, TagError, parse_tag

_LITERAL_HINT: Final = "to write braces as they are, change the tags first: {{=<% %>=}}"


class ParseFault(Exception):
    """The template cannot be read; `offset` says where."""

    def __init__(self, code: str, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.offset = offset
        self.hint = hint


@dataclass(slots=True, frozen=True)
class Tag:
    """A value put into the text; `raw` is `{{{name}}}` or `{{&name}}`."""

    pipeline: Pipeline
    raw: bool
    offset: int


@dataclass(slots=True, frozen=True)
class Section:
    """A part written once for each item of a list, or once, or not at all."""

    pipeline: Pipeline
    inverted: bool
    body: tuple[Node, ...]
    offset: int


Node = str | Tag | Section


def parse(source: str) -> tuple[Node, ...]:
    """The tree; raises ParseFault."""
    if "{{" not in source:
        return (source,) if source else ()
    if len(source) > MAX_SOURCE:
        raise ParseFault("template_too_large", f"the template is longer than {MAX_SOURCE:,} characters", 0)
    places = list(_places(source))
    tree = _Tree(places)
    try:
        for kind, key in tokenize(source):
            tree.take(kind, key)
    except ChevronError:
        raise tree.unbalanced() from None
    except TagError as error:
        raise ParseFault(error.code, error.message, tree.offset, error.hint) from None
    return tuple(tree.nodes)


def _places(source: str) -> Iterator[int]:
    """Where each tag starts, comments left out as the tokenizer does."""
    left, right = "{{", "}}"
    position = count = 0
    while (start := source.find(left, position)) >= 0:
        inside = start + len(left)
        end = source.find(right, inside)
        count += 1
        if count > MAX_TAGS:
            raise ParseFault("template_too_large", f"more than {MAX_TAGS:,} tags", start)
        if end < 0:
            raise ParseFault("template_syntax", f"{left} without {right} after it", start, _LITERAL_HINT)
        content = source[inside:end]
        if not content.strip():
            raise ParseFault("template_syntax", "a tag with nothing in it", start, _LITERAL_HINT)
        position = end + len(right)
        if content[0] == "=":
            left, right = _delimiters(content, start)
        elif content[0] == "{":
            if (left, right) != ("{{", "}}") or source[position : position + 1] != "}":
                raise ParseFault("template_syntax", "{{{ without }}} after it", start, _LITERAL_HINT)
            position += 1
        if content[0] != "!":
            yield start


def _delimiters(content: str, start: int) -> tuple[str, str]:
    parts = content[1:-1].split()
    if not content.endswith("=") or len(parts) != 2 or any("=" in part for part in parts):
        raise ParseFault(
            "template_syntax", "a tag that sets delimiters names two of them", start, hint="for example {{=<% %>=}}"
        )
    return parts[0], parts[1]


class _Tree:
    """Puts tokens together."""

    def __init__(self, places: list[int]) -> None:
        self.nodes: list[Node] = []
        self._places = places
        self._next = 0
        self._open: list[tuple[Pipeline, bool, int, list[Node], str]] = []

    @property
    def offset(self) -> int:
        """Where the tag under work stands."""
        return self._places[min(self._next, len(self._places) - 1)]

    def take(self, kind: str, key: str) -> None:
        """Add one token."""
        if kind == "literal":
            self.nodes.append(key)
            return
        if kind in ("section", "inverted section"):
            self._begin(key, kind != "section")
        elif kind == "end":
            pipeline, inverted, offset, outer, _ = self._open.pop()
            outer.append(Section(pipeline, inverted, tuple(self.nodes), offset))
            self.nodes = outer
        elif kind in ("variable", "no escape"):
            self.nodes.append(Tag(self._pipeline(key), kind == "no escape", self.offset))
        elif kind == "partial":
            raise TagError("template_partial", "templates cannot include other templates", "write the text here")
        self._next += 1

    def _begin(self, key: str, inverted: bool) -> None:
        if len(self._open) >= MAX_NESTING:
            raise TagError("template_too_deep", f"more than {MAX_NESTING} sections inside each other")
        self._open.append((self._pipeline(key), inverted, self.offset, self.nodes, key))
        self.nodes = []

    def _pipeline(self, key: str) -> Pipeline:
        pipeline = parse_tag(key)
        if pipeline.special in IN_SECTIONS and all(inverted for _, inverted, _, _, _ in self._open):
            raise TagError("template_name", f"{pipeline} is known inside sections only")
        return pipeline

    def unbalanced(self) -> ParseFault:
        """What is wrong with the sections, in our words."""
        if self._next < len(self._places):
            opened = f"the section open here is {self._open[-1][4]!r}" if self._open else "no section is open here"
            return ParseFault(
                "template_syntax",
                f"a closing tag that does not fit; {opened}",
                self.offset,
                hint="a section is closed with the same text it was opened with: {{#items}}…{{/items}}",
            )
        _, _, offset, _, key = self._open[-1]
        return ParseFault("template_syntax", f"the section {key!r} is never closed", offset, hint=f"add {{{{/{key}}}}}")
