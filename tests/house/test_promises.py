"""Every promise FlowDesk makes has a test that carries its name in its docstring (`R3: ...`, `Row 41: ...`)."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.house.tree import ROOT, name_of, nodes, python_files, tree_of

PROMISES = {
    "R1": "a 2xx on a webhook or execute means that the run is on disk",
    "R2": "every accepted run reaches its end without help",
    "R3": "a finished step is never executed again",
    "R4": "a step runs at least once, and more often only when in flight at a kill",
    "R5": "every execution of a step carries the same Idempotency-Key",
    "R6": "the same webhook id gives the same run, also across a restart",
    "R7": "retries, delays and timeouts are rows with a due time",
    "R8": "one run for each tick of a schedule",
    "R9": "recovery starts within 5 s of process start",
    "R10": "Redis may be flushed, restarted or absent: nothing is lost",
    "R11": "a change of state is a compare-and-set; who lost a run cannot overwrite it",
    "R12": "a run that keeps killing its process is parked",
}
ROWS = list(range(1, 69))
"""The faults and attacks of docs/security.md."""

_ROWS = re.compile(r"\brows? (\d+(?:(?:, and | and |, | to )\d+)*)", re.IGNORECASE)
_LINE = re.compile(r"^\| (\d+) \| ([^|]+) \| `([^`]+)` \|$", re.MULTILINE)


def _rows(text: str) -> set[int]:
    """The rows a docstring names."""
    found: set[int] = set()
    for (listed,) in map(re.Match.groups, _ROWS.finditer(text)):
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", listed):
            found.update(range(int(first), int(last or first) + 1))
    return found


@cache
def _named() -> tuple[dict[str, list[str]], dict[int, list[str]]]:
    """Which tests name which promise, and which row, in their own docstring or that of their file."""
    promises: dict[str, list[str]] = {}
    rows: dict[int, list[str]] = {}
    for path in python_files("tests"):
        file = ast.get_docstring(tree_of(path)) or ""
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                said, name = ast.get_docstring(node) or "", f"{name_of(path)}::{node.name}"
                for promise in re.findall(r"\bR\d+\b", said):
                    promises.setdefault(promise, []).append(name)
                for row in _rows(said) | _rows(file):
                    rows.setdefault(row, []).append(name)
    return promises, rows


@cache
def _told() -> dict[int, tuple[str, str]]:
    """Promise and test by row, as readers see them."""
    lines = _LINE.findall((ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    return {int(row): (promise, test) for row, promise, test in lines}


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_has_a_test(promise: str) -> None:
    assert _named()[0].get(promise), f"{promise} ({PROMISES[promise]}) has no test"


def test_the_promises_are_told_to_readers() -> None:
    """An operator finds them in the docs, by the same names."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    missing = [promise for promise in PROMISES if not re.search(rf"\b{promise}\b", text)]
    assert missing == []


def test_every_row_is_told_to_readers_once_and_in_order() -> None:
    assert list(_told()) == ROWS


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_the_test_that_readers_are_told_of(row: int) -> None:
    promise, test = _told()[row]
    assert test in _named()[1].get(row, []), f"row {row} ({promise}): {test} is not there, or does not name the row"


def test_no_test_names_a_row_there_is_not() -> None:
    assert {row: tests for row, tests in _named()[1].items() if row not in ROWS} == {}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Row 41: x", {41}),
        ("Rows 1 to 3 and 7: 9 things", {1, 2, 3, 7}),
        ("R6, rows 18, 19 and 20.", {18, 19, 20}),
        ("Row 54, row 55: 3,000 rows", {54, 55}),
        ("in rows of 5", set()),
    ],
)
def test_how_rows_are_named(text: str, rows: set[int]) -> None:
    assert _rows(text) == rows
