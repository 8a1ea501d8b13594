"""Habits of the terminal UI that keep text from outside, and errors of a worker, from ending it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.tree import name_of, nodes, python_files

TUI = "flowdesk/tui"


def _calls(path: Path, method: str) -> list[str]:
    return [
        f"{name_of(path)}:{node.lineno}"
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]


@pytest.mark.parametrize(
    ("method", "home"),
    [
        ("notify", "toast.py"),  # parses markup unless told otherwise, and then ends the application
        ("run_worker", "tasks.py"),  # an exception in a worker ends the application unless told otherwise
        ("call_from_thread", None),  # threads give their result back; they do not touch the screen
        ("print", None),
    ],
)
def test_only_one_place_calls(method: str, home: str | None) -> None:
    files = python_files(TUI)
    assert [call for path in files if path.name != home for call in _calls(path, method)] == []
    assert home is None or sum(len(_calls(path, method)) for path in files if path.name == home) == 1


def test_no_worker_is_made_by_a_decorator() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(TUI)
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and any(alias.name == "work" for alias in node.names)
    ]
    assert found == []


def test_nothing_stays_on_the_screen_as_a_task_of_nobody() -> None:
    """A task that asyncio alone holds is neither waited for nor told about when it fails."""
    allowed = {"flowdesk/tui/tasks.py"}
    found = [call for path in python_files(TUI) if name_of(path) not in allowed for call in _calls(path, "create_task")]
    assert found == []


def test_nothing_awaits_while_the_terminal_is_lent_to_another_program() -> None:
    """Textual stops writing then, and whoever waits for a frame waits for ever."""
    found = [
        f"{name_of(path)}:{inner.lineno}"
        for path in python_files(TUI)
        for node in nodes(path)
        if isinstance(node, ast.With) and any("suspend" in ast.dump(item.context_expr) for item in node.items)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Await | ast.Raise | ast.Yield)
    ]
    assert found == []


def test_no_style_is_written_in_code() -> None:
    """Colours come from the theme: a hexadecimal one in a string would be wrong in half of the themes."""
    found = []
    for path in python_files(TUI):
        for node in nodes(path):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if any(_is_colour(word) for word in node.value.replace(";", " ").split()):
                found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []


def _is_colour(word: str) -> bool:
    return word.startswith("#") and len(word) in (4, 7) and all(char in "0123456789abcdefABCDEF" for char in word[1:])


def test_text_fields_are_those_that_hold_no_invisible_character() -> None:
    """A plain one writes a pasted escape sequence to the terminal as it is. A password is never drawn."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(TUI)
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Input", "TextArea")
        and not any(given.arg == "password" for given in node.keywords)
    ]
    assert found == []
