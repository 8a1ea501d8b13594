"""Habits of the house that no linter rule states exactly."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.tree import CODE, PACKAGES, ROOT, name_of, nodes, python_files

_UNFINISHED = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|NotImplementedErro[r])\b")  # spelt so as not to find itself
_TOO_WIDE = {"Exception", "BaseException"}


def test_packages_do_not_print() -> None:
    """What people read goes through click's echo, and what operators read through the log."""
    printing = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(*PACKAGES)
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_no_error_is_swallowed() -> None:
    """Catching everything to do nothing hides the next fault, however it is spelt."""
    found = [f"{name_of(path)}:{line}" for path in python_files(*CODE) for line in _swallowing(path)]
    assert found == []


def _swallowing(path: Path) -> list[int]:
    handlers = [node for node in nodes(path) if isinstance(node, ast.ExceptHandler)]
    calls = [node for node in nodes(path) if isinstance(node, ast.Call) and _name(node.func) == "suppress"]
    return [
        *(handler.lineno for handler in handlers if _catches_all(handler.type) and _does_nothing(handler.body)),
        *(call.lineno for call in calls if any(map(_catches_all, call.args))),
    ]


def _catches_all(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(_catches_all, kind.elts))
    return kind is None or _name(kind) in _TOO_WIDE


def _does_nothing(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(part, ast.Pass | ast.Continue)
        or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        for part in body
    )


def _name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("try:\n    f()\nexcept:\n    pass", True),
        ("try:\n    f()\nexcept (ValueError, Exception):\n    ...", True),
        ("with contextlib.suppress(Exception):\n    f()", True),
        ("try:\n    f()\nexcept OSError:\n    pass", False),
        ("try:\n    f()\nexcept Exception:\n    log()", False),
    ],
)
def test_the_check_for_swallowed_errors_works(code: str, expected: bool, tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(code)
    assert bool(_swallowing(path)) is expected


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{name_of(path)}: {word}"
        for path in python_files(*CODE)
        for word in _UNFINISHED.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_user_text_is_never_a_format_string() -> None:
    """Row 36: `str.format` and `%` on texts that are not literals would read attributes of our objects."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(*PACKAGES)
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("format", "format_map")
        and not isinstance(node.func.value, ast.Constant)
        and not _is_own(node.func.value)  # a log handler has a method of that name
    ]
    assert found == []


def _is_own(node: ast.expr) -> bool:
    return _name(node) == "self" or (isinstance(node, ast.Call) and _name(node.func) == "super")


def test_packages_evaluate_no_code() -> None:
    """Row 38: nothing from outside is ever Python."""
    forbidden = {"eval", "exec", "compile", "__import__"}
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(*PACKAGES)
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in forbidden
    ]
    assert found == []


def test_the_top_of_the_tree_is_tidy() -> None:
    directories = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert directories - {"build", "dist", "__pycache__"} == {*PACKAGES, "tests", "docs", "examples", "bench", "deploy"}
