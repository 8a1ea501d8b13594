"""Files and functions stay small enough to be read in one go."""

from __future__ import annotations

import ast

from tests.house.tree import CODE, PACKAGES, name_of, nodes, python_files

MAX_FILE = 400
MAX_FUNCTION = 60
MEDIAN_FILE = 160


def test_no_file_is_too_long() -> None:
    long = {name_of(path): lines for path in python_files(*CODE) if (lines := _lines(path.read_text())) > MAX_FILE}
    assert long == {}


def test_the_median_file_is_short() -> None:
    lengths = sorted(_lines(path.read_text()) for path in python_files(*PACKAGES) if path.name != "__init__.py")
    assert lengths[len(lengths) // 2] <= MEDIAN_FILE


def test_no_function_is_too_long() -> None:
    long = {
        f"{name_of(path)}:{node.name}": length
        for path in python_files(*CODE)
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION
    }
    assert long == {}


def test_init_files_are_empty() -> None:
    full = [name_of(path) for path in python_files(*CODE) if path.name == "__init__.py" and path.stat().st_size]
    assert full == []


def _lines(text: str) -> int:
    return text.count("\n")
