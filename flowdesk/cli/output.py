"""What commands print: documents and JSON lines for machines, clean and perhaps coloured lines for people."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from engine.errors import Problem
from engine.jsonio import dump_text
from flowdesk.clean import clean, escape_json
from flowdesk.show.paint import paint_for
from flowdesk.show.table import Column, table


class Output:
    """Standard output for results, standard error for remarks. With `json`, standard output holds nothing but JSON."""

    def __init__(self, *, json: bool, environ: Mapping[str, str] | None = None) -> None:
        given = os.environ if environ is None else environ
        self.json = json
        self.paint = paint_for(sys.stdout, given)
        self.error_paint = paint_for(sys.stderr, given)
        self.columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def document(self, value: Any) -> None:
        """The one JSON document of this command."""
        click.echo(escape_json(dump_text(value, pretty=True)), color=True)

    def record(self, value: Any) -> None:
        """One line of a stream of JSON documents."""
        click.echo(escape_json(dump_text(value)), color=True)

    def lines(self, lines: Iterable[str]) -> None:
        """Lines for people, clean already."""
        for line in lines:
            click.echo(line, color=True)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[object]], *, empty: str) -> None:
        """A table, or a remark when there is nothing to show."""
        if rows:
            self.lines(table(columns, rows, self.paint, self.columns))
        else:
            self.remark(empty)

    def remark(self, text: str) -> None:
        """Something worth knowing that is not the result; never with --json."""
        if not self.json:
            click.echo(self.error_paint.dim(clean(text)), err=True, color=True)


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem as the API writes it."""
    values = {
        "code": problem.code,
        "message": problem.message,
        "stepId": problem.step_id,
        "field": problem.field,
        "hint": problem.hint,
        "line": problem.line,
        "column": problem.column,
    }
    return {key: value for key, value in values.items() if value is not None}
