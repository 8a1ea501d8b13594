"""Problems of documents as compilers tell theirs: `file:line:column: where: what (hint)`."""

from __future__ import annotations

from collections.abc import Iterable

from engine.errors import Problem
from flowdesk.clean import clean
from flowdesk.show.paint import Paint


def problem_line(problem: Problem, paint: Paint, file: str | None = None) -> str:
    """One line for one problem, clean whatever is in it."""
    place = ":".join(str(part) for part in (file, problem.line, problem.column) if part is not None)
    text = clean(str(problem))
    return f"{paint.bold(clean(place))}: {text}" if place else text


def problem_lines(problems: Iterable[Problem], paint: Paint, file: str | None = None) -> list[str]:
    """All of them in the order of the file."""
    ordered = sorted(problems, key=lambda p: (p.line or 0, p.column or 0))
    return [problem_line(problem, paint, file) for problem in ordered]
