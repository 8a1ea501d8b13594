"""A workflow document as text and back: what does not parse is told with its place, and nothing is lost in between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml.error import YAMLError

from engine.errors import Problem
from flowdesk.applying import normal
from flowdesk.errors import BadFile
from flowdesk.exporting import Format, as_text
from flowdesk.files import WorkflowFile, read_text
from flowdesk.same import same_json
from flowdesk.tui.document.basics import Document, clone
from flowdesk.yaml_writer import update_yaml

_KEPT_BY_SERVER: Final = frozenset({"id", "ownerId", "version", "createdAt", "updatedAt"})
_NO_TEXT: Final = re.compile("[\ud800-\udfff]")


@dataclass(slots=True, frozen=True)
class Reading:
    """What a text says: a document whose steps can be drawn, or the problem that keeps it from being one."""

    text: str
    document: Document | None
    problem: Problem | None = None
    file: WorkflowFile | None = field(default=None, compare=False)

    def line_of(self, problem: Problem) -> int | None:
        """The line the problem is about (from 1), as near as the text tells; None for text that does not parse."""
        if self.file is None:
            return problem.line
        return self.file.placed(problem).line

    def step_lines(self) -> dict[str, int]:
        """The line each step begins at (from 1)."""
        if self.file is None or self.document is None:
            return {}
        marks = self.file.marks
        found = {step["id"]: marks.get(("steps", index)) for index, step in enumerate(self.document["steps"])}
        return {step_id: at[0] for step_id, at in found.items() if at is not None}

    def step_at(self, line: int) -> str | None:
        """The step a line (from 1) belongs to."""
        begun = [(at, step_id) for step_id, at in self.step_lines().items() if at <= line]
        return max(begun)[1] if begun else None


def editable(document: Document) -> Document:
    """The document without what the server writes into it."""
    return {key: value for key, value in document.items() if key not in _KEPT_BY_SERVER}


def as_written(saved: Document) -> Document:
    """A saved document as people write it: also without the defaults that the server answers with."""
    short: Document = clone(normal(saved, short=True))
    return short


def read(text: str, form: Format) -> Reading:
    """Read a text. Takes long for long ones (a second for some thousand lines), so better beside the screen."""
    bad = _NO_TEXT.search(text)
    if bad is not None:
        line = text.count("\n", 0, bad.start()) + 1
        return Reading(text, None, Problem("not_utf8", "there is half a character here", line=line))
    try:
        file = read_text(Path(f"workflow.{form}"), text)
    except BadFile as error:
        return Reading(text, None, error.problems[0] if error.problems else Problem("bad_file", error.message))
    problem = next(_shape_problems(file.document), None)
    if problem is not None:
        return Reading(text, None, file.placed(problem), file)
    return Reading(text, editable(file.document), None, file)


def write(text: str, document: Document, form: Format) -> str:
    """The text changed as little as makes it say `document`; a new text where that cannot be done."""
    if form == "json":
        return text if _says(text, document, form) else as_text(document, form)
    try:
        return update_yaml(_with_renamed_steps(text, document), document)
    except (BadFile, YAMLError):
        return as_text(document, form)


def _says(text: str, document: Document, form: Format) -> bool:
    said = read(text, form).document
    return said is not None and same_json(said, document)


def _with_renamed_steps(text: str, document: Document) -> str:
    """The text with ids of steps that were only renamed, so that their comments are kept."""
    reading = read(text, "yaml")
    if reading.document is None or reading.file is None:
        return text
    old = [step["id"] for step in reading.document["steps"]]
    new = [step["id"] for step in document.get("steps", [])]
    if len(old) != len(new):
        return text
    lines = text.splitlines(keepends=True)
    for index, (before, after) in enumerate(zip(old, new, strict=True)):
        at = reading.file.marks.get(("steps", index, "id"))
        if before in new or after in old or at is None:
            continue
        head, rest = lines[at[0] - 1][: at[1] - 1], lines[at[0] - 1][at[1] - 1 :]
        key = re.match(r"""(id|"id"|'id')\s*:\s*["']?""", rest)
        if key is not None and rest.startswith(before, key.end()):
            lines[at[0] - 1] = head + key[0] + after + rest[key.end() + len(before) :]
    renamed = "".join(lines)
    if renamed == text:
        return text
    said = read(renamed, "yaml").document
    return renamed if said is not None and [step["id"] for step in said["steps"]] == new else text


def _shape_problems(document: Document) -> Iterator[Problem]:
    """What keeps the steps from being drawn and edited; everything else is for the server to tell."""
    steps = document.get("steps", [])
    if not isinstance(steps, list):
        yield Problem("not_a_list", "`steps` is a list of steps", field="steps")
        return
    document["steps"] = steps
    seen: set[str] = set()
    for index, step in enumerate(steps):
        place = f"steps[{index}]"
        if not isinstance(step, dict):
            yield Problem("not_an_object", "a step is an object with `id` and `ref`", field=place)
        elif not isinstance(step.get("id"), str) or not step["id"]:
            yield Problem("missing_id", "this step has no `id`", field=f"{place}.id")
        elif step["id"] in seen:
            yield Problem("duplicate_step", "two steps have this id", field=f"{place}.id")
        elif not _good_next(step.get("next")):
            yield Problem("bad_next", "`next` is a step id, or a list of ids and arrows", field=f"{place}.next")
        else:
            seen.add(step["id"])


def _good_next(written: Any) -> bool:
    items = written if isinstance(written, list) else [written]
    return written is None or all(
        isinstance(item, str) or (isinstance(item, dict) and isinstance(item.get("to"), str)) for item in items
    )
