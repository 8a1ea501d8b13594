"""The checkout as house tests read it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("flowdesk", "server", "engine", "plugins")
CODE = (*PACKAGES, "tests", "bench", "examples", "docs")


def python_files(*tops: str) -> list[Path]:
    """Every Python file below these top-level directories."""
    return sorted(path for top in tops for path in (ROOT / top).rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def nodes(path: Path) -> Iterator[ast.AST]:
    """Everything in the file."""
    return ast.walk(tree_of(path))


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what would steer FlowDesk or Python."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLOWDESK_", "PYTHON", "COV_", "MAKE", "MFLAGS"))}
    return kept | more


def python(code: str, *, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, as our own children are started."""
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=clean_environment(),
        cwd=ROOT,
    )
