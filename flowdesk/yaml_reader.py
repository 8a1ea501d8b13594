"""YAML as workflow files may use it: plain JSON values with the line and column of each, and nothing that can bite.

YAML 1.2 core scalars, anchors, aliases and merge keys; no tags, no duplicate keys, one document. Built from the
parser's events, so no object is ever constructed, nothing recurses, and what aliases expand to is counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from engine.errors import Problem
from engine.jsonio import MAX_DEPTH
from flowdesk.errors import BadFile

Path = tuple[str | int, ...]
Marks = dict[Path, tuple[int, int]]

MAX_WEIGHT: Final = 4_000_000
"""Characters and nodes a document may have once its aliases are expanded."""

_NULL: Final = re.compile(r"(~|null|Null|NULL|)\Z")
_TRUE: Final = re.compile(r"(true|True|TRUE)\Z")
_FALSE: Final = re.compile(r"(false|False|FALSE)\Z")
_INT: Final = re.compile(r"[-+]?[0-9]+\Z")
_BASED: Final = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_MERGE: Final = "<<"


@dataclass(slots=True)
class _Node:
    """A finished value, what it weighs with its aliases expanded, and where it began; `text` only of scalars."""

    value: Any
    weight: int
    at: tuple[int, int]
    text: str | None = None
    plain: bool = False


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not come yet."""

    event: MappingStartEvent | SequenceStartEvent
    value: dict[str, Any] | list[Any]
    weight: int = 1
    key: _Node | None = None
    merged: list[_Node] = field(default_factory=list)


def read_yaml(text: str) -> tuple[Any, Marks]:
    """The document's value and, by path, where each part begins (from 1); BadFile says what is not acceptable."""
    builder = _Builder()
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(filter(None, [error.context, error.problem]))
        raise _bad("yaml_syntax", said, (mark.line + 1, mark.column + 1) if mark else None) from None
    except YAMLError as error:
        raise _bad("yaml_syntax", str(error).splitlines()[0], None) from None
    if builder.root is None:
        raise _bad("yaml_empty", "the file is empty", None)
    return builder.root.value, builder.marks


class _Builder:
    """Turns events into a value, without recursion."""

    def __init__(self) -> None:
        self.root: _Node | None = None
        self.marks: Marks = {}
        self._open: list[_Open] = []
        self._anchors: dict[str, _Node] = {}
        self._documents = 0

    def take(self, event: Event) -> None:
        """The next event."""
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _bad("yaml_documents", "one workflow per file: a second document begins here", _at(event))
        elif isinstance(event, ScalarEvent):
            self._finish(_scalar(event), event.anchor)
        elif isinstance(event, AliasEvent):
            self._finish(self._alias(event), None)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._end()

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        _refuse_tag(event)
        if len(self._open) >= MAX_DEPTH:
            raise _bad("yaml_too_deep", f"nested deeper than {MAX_DEPTH} levels", _at(event))
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            raise _bad("yaml_key", "a key must be text", _at(event))
        if top is not None and isinstance(top.value, list):
            self.marks[self._path()] = _at(event)
        self._open.append(_Open(event, {} if isinstance(event, MappingStartEvent) else []))

    def _end(self) -> None:
        done = self._open.pop()
        if isinstance(done.value, dict):
            _merge(done.value, done.merged)
        self._finish(_Node(done.value, done.weight, _at(done.event)), done.event.anchor)

    def _alias(self, event: AliasEvent) -> _Node:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise _bad("yaml_alias", f"*{event.anchor} refers to nothing before it", _at(event))
        return _Node(found.value, found.weight, _at(event), found.text)

    def _finish(self, node: _Node, anchor: str | None) -> None:
        """Put a finished value where it belongs."""
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        top.weight += node.weight
        if top.weight > MAX_WEIGHT:
            raise _bad("yaml_too_large", "its aliases expand to more than a workflow may hold", node.at)
        if isinstance(top.value, list):
            self.marks.setdefault(self._path(), node.at)
            top.value.append(node.value)
        elif top.key is None:
            top.key = _checked_key(node, top.value)
            self.marks[self._path()] = node.at
        else:
            _put(top, top.value, node)

    def _path(self) -> Path:
        """The place of the value that is being read."""
        return tuple(
            len(part.value) if isinstance(part.value, list) else (part.key.text or "") if part.key else ""
            for part in self._open
        )


def _put(top: _Open, into: dict[str, Any], node: _Node) -> None:
    key, top.key = top.key, None
    if key is None or key.text is None:
        return
    if key.plain and key.text == _MERGE:
        top.merged.append(node)
    else:
        into[key.text] = node.value


def _checked_key(node: _Node, into: dict[str, Any]) -> _Node:
    if node.text is None or node.value is None:
        raise _bad("yaml_key", "a key must be text", node.at)
    if node.text in into:
        raise _bad("yaml_duplicate_key", f"the key {node.text!r} is there twice", node.at)
    return node


def _merge(own: dict[str, Any], merged: list[_Node]) -> None:
    """`<<`: keys of other mappings that this one does not give itself; earlier ones win."""
    for node in merged:
        for source in node.value if isinstance(node.value, list) else [node.value]:
            if not isinstance(source, dict):
                raise _bad("yaml_merge", "<< takes a mapping or a list of mappings", node.at)
            for key, value in source.items():
                own.setdefault(key, value)


def _scalar(event: ScalarEvent) -> _Node:
    _refuse_tag(event)
    text: str = event.value
    plain = event.style in (None, "")
    return _Node(_resolve(text, _at(event)) if plain else text, 1 + len(text), _at(event), text, plain)


def _resolve(text: str, at: tuple[int, int]) -> Any:
    """A plain scalar by YAML 1.2's core schema; dates and `yes` are texts."""
    if _NULL.match(text):
        return None
    if _TRUE.match(text):
        return True
    if _FALSE.match(text):
        return False
    if _INT.match(text) or _BASED.match(text):
        if len(text) > 24:
            raise _bad("yaml_number", "this number does not fit 64 bits; put it in quotes", at)
        return int(text, 0) if _BASED.match(text) else int(text)
    if _FLOAT.match(text):
        return float(text)
    if _NOT_FINITE.match(text):
        raise _bad("yaml_number", "NaN and infinity are not JSON; put the text in quotes", at)
    return text


def _refuse_tag(event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
    if event.tag is not None:
        name = str(event.tag).replace("tag:yaml.org,2002:", "!!")
        raise _bad("yaml_tag", f"tags such as {name} are not allowed; put texts in quotes instead", _at(event))


def _at(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def _bad(code: str, message: str, at: tuple[int, int] | None) -> BadFile:
    line, column = at or (None, None)
    return BadFile(message, [Problem(code, message, line=line, column=column)])
