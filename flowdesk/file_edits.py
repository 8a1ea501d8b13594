"""A workflow's id, written into its file without touching anything else in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.events import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent
from ruamel.yaml.events import Event as YamlEvent

from flowdesk.errors import BadFile
from flowdesk.files import WorkflowFile, read_text
from flowdesk.private import replace_file
from flowdesk.same import same_json

_HINT: Final = "write the id into it by hand"


@dataclass(slots=True)
class _Top:
    """Where the root object's first key is, and the value of `id` if there is one."""

    flow: bool
    start: int
    first: int
    column: int
    old: tuple[int, int] | None = None


def write_id(file: WorkflowFile, workflow_id: str) -> None:
    """Put `id` into the file: first, or in the place of the old one. BadFile when that cannot be done cleanly."""
    text = with_id(file, workflow_id)
    try:
        replace_file(file.path, text)
    except OSError as error:
        raise BadFile(f"{file.path}: cannot be written: {error.strerror}") from None


def with_id(file: WorkflowFile, workflow_id: str) -> str:
    """The file's text with the id in it."""
    text = file.text
    top = _top(text)
    if top is None:
        raise BadFile(f"{file.path}: has no room for an id", hint=_HINT)
    if top.old is not None:
        begin, end = top.old
        changed = f'{text[:begin]}"{workflow_id}"{text[end:]}'
    elif top.flow:
        gap = text[top.start + 1 : top.first]
        changed = f'{text[: top.first]}"id": "{workflow_id}",{gap or " "}{text[top.first :]}'
    else:
        at = top.first - top.column
        end_of_line = "\r\n" if "\r\n" in text else "\n"
        changed = f'{text[:at]}{" " * top.column}id: "{workflow_id}"{end_of_line}{text[at:]}'
    try:
        done = same_json(read_text(file.path, changed).document, {**file.document, "id": workflow_id})
    except BadFile:
        done = False
    if not done:
        raise BadFile(f"{file.path}: cannot be changed safely", hint=_HINT)
    return changed


def _top(text: str) -> _Top | None:
    top: _Top | None = None
    depth = 0
    key: str | None = None
    for event in YAML(typ="safe", pure=True).parse(text.replace("\t", " ")):
        if depth == 1 and top is not None and isinstance(event, ScalarEvent):
            key = _in_root(top, event, key)
        elif depth == 1 and _begins_value(event):
            key = None
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            depth += 1
            if top is None and isinstance(event, MappingStartEvent):
                top = _Top(bool(event.flow_style), event.start_mark.index, -1, 0)
        elif type(event).__name__.endswith("EndEvent") and depth:
            depth -= 1
    return top if top is not None and top.first >= 0 else None


def _begins_value(event: YamlEvent) -> bool:
    return isinstance(event, AliasEvent | MappingStartEvent | SequenceStartEvent | MappingEndEvent)


def _in_root(top: _Top, event: ScalarEvent, key: str | None) -> str | None:
    """Take a key or a value of the root object; gives the key whose value comes next."""
    mark: Any = event.start_mark
    if key is None:
        if top.first < 0:
            top.first, top.column = mark.index, mark.column
        return str(event.value)
    if key == "id":
        top.old = (mark.index, event.end_mark.index)
    return None
