"""Every promise FlowDesk makes about faults has a test that carries its name in its docstring (`R3: ...`)."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.house.tree import ROOT, name_of, nodes, python_files

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


@cache
def _named() -> dict[str, list[str]]:
    """Which tests name which promise or row."""
    found: dict[str, list[str]] = {}
    for path in python_files("tests"):
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for name in re.findall(r"\bR\d+\b", ast.get_docstring(node) or ""):
                    found.setdefault(name, []).append(f"{name_of(path)}::{node.name}")
    return found


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_has_a_test(promise: str) -> None:
    assert _named().get(promise), f"{promise} ({PROMISES[promise]}) has no test"


def test_the_promises_are_told_to_readers() -> None:
    """An operator finds them in the docs, by the same names."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    missing = [promise for promise in PROMISES if not re.search(rf"\b{promise}\b", text)]
    assert missing == []
