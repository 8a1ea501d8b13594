"""Workflow files, YAML or JSON: read strictly, found in directories, and every problem told with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from engine.errors import BadJson, Problem
from engine.jsonio import check_json, parse_json
from flowdesk.errors import BadFile
from flowdesk.yaml_reader import Marks, read_yaml
from flowdesk.yaml_reader import Path as Place

MAX_FILE: Final = 1_000_000
SUFFIXES: Final = (".yaml", ".yml", ".json")
_STEP_OF_FIELD: Final = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.\[]+)')
_WHERE_IN_JSON: Final = re.compile(r" at line (\d+), column (\d+)")


@dataclass(slots=True, frozen=True)
class WorkflowFile:
    """One file's document; `marks` says where in the text each part begins."""

    path: Path
    text: str
    document: dict[str, Any]
    marks: Marks = field(default_factory=dict)

    @property
    def workflow_id(self) -> str | None:
        """The id the file names, if any."""
        found = self.document.get("id")
        return found if isinstance(found, str) and found else None

    def placed(self, problem: Problem) -> Problem:
        """The problem with the line and column of what it is about, as near as the file tells.

        The server sees no file: where it names a line, it means one of the text in that field.
        """
        place = self._place(problem)
        while place and place not in self.marks:
            place = place[:-1]
        line, column = self.marks.get(place, (1, 1))
        return replace(problem, line=line, column=column)

    def _place(self, problem: Problem) -> Place:
        below = field_place(problem.field or "")
        if problem.step_id is None:
            return below
        steps = self.document.get("steps")
        for index, step in enumerate(steps if isinstance(steps, list) else []):
            if isinstance(step, dict) and step.get("id") == problem.step_id:
                return ("steps", index, *below)
        return ("steps",)


def field_place(text: str) -> Place:
    """`steps[0].params["a b"]` as ("steps", 0, "params", "a b")."""
    return tuple(
        int(index) if index else quoted.replace('\\"', '"').replace("\\\\", "\\") if quoted else plain
        for index, quoted, plain in _STEP_OF_FIELD.findall(text)
    )


def looks_like_file(text: str) -> bool:
    """Whether an argument that may be an id, a name or a file is meant as a file."""
    return text.lower().endswith(SUFFIXES) or Path(text).is_file()


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files, and those directly in the directories in order of name; BadFile for a directory without any."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
        if not inside:
            raise BadFile(f"{path}: holds no workflow file", hint="they end in .yaml, .yml or .json")
        yield from inside


def read_workflow_file(path: Path) -> WorkflowFile:
    """Read one file; BadFile with its problems (each with a line where one is known) for everything else."""
    try:
        return read_text(path, _decode(_read(path)))
    except BadFile as error:
        problems = error.problems or [Problem("bad_file", error.message)]
        place = ":".join(str(part) for part in (path, problems[0].line, problems[0].column) if part is not None)
        raise BadFile(f"{place}: {error.message}", problems, hint=error.hint) from None


def read_text(path: Path, text: str) -> WorkflowFile:
    """The same for text at hand; the path's ending says which language it is."""
    value, marks = _read_json(text) if path.suffix.lower() == ".json" else read_yaml(text)
    if not isinstance(value, dict):
        raise _bad("not_an_object", "a workflow file holds one object with `name` and `steps`", 1, 1)
    try:
        check_json(value)
    except BadJson as error:
        raise _bad(error.code, error.message, None, None) from None
    return WorkflowFile(path, text, value, marks)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise BadFile(f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_FILE:
        raise BadFile(f"is larger than {MAX_FILE // 1_000_000} MB", hint="a workflow file holds steps, not data")
    return raw


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _bad("not_utf8", "is not UTF-8 text", line, None) from None


def _read_json(text: str) -> tuple[Any, Marks]:
    try:
        value = parse_json(text.encode())
    except BadJson as error:
        found = _WHERE_IN_JSON.search(error.message)
        line, column = (int(found[1]), int(found[2])) if found else (None, None)
        raise _bad(error.code, _WHERE_IN_JSON.sub("", error.message), line, column) from None
    json.loads(text, object_pairs_hook=_refuse_duplicates)
    try:
        # JSON is YAML, but for tabs between values; inside texts a raw tab is not JSON.
        _, marks = read_yaml(text.replace("\t", " "))
    except BadFile:
        return value, {}
    return value, marks


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise _bad("duplicate_key", f"the key {key!r} is there twice", None, None)
        seen[key] = value
    return seen


def _bad(code: str, message: str, line: int | None, column: int | None) -> BadFile:
    return BadFile(message, [Problem(code, message, line=line, column=column)])
