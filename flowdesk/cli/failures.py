"""Every way a command can fail, told in a few lines on standard error: what, where, and what to do about it."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import click

from engine.errors import FlowDeskError, Problem
from engine.jsonio import dump_text
from flowdesk.clean import clean, escape_json
from flowdesk.cli.exits import Exit, exit_code
from flowdesk.cli.output import problem_document
from flowdesk.errors import ApiError, BadFile, ClientError
from flowdesk.show.paint import Paint, paint_for
from flowdesk.show.problems import problem_lines


def explain(error: Exception, *, json: bool) -> int:
    """Say what went wrong; the exit code that goes with it."""
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "flowdesk"
        told = FlowDeskError(_sentence(error.format_message()), code="usage", hint=f"{path} --help tells more")
        code = Exit.USAGE
    elif isinstance(error, click.ClickException):
        told, code = FlowDeskError(_sentence(error.format_message()), code="usage"), Exit.USAGE
    elif isinstance(error, FlowDeskError):
        told, code = error, exit_code(error) if isinstance(error, ClientError) else Exit.FAILED
    else:
        if os.environ.get("FLOWDESK_DEBUG"):
            traceback.print_exception(error)
        said = f"something went wrong inside the command: {type(error).__name__}: {error}"
        told = FlowDeskError(said, code="internal", hint="FLOWDESK_DEBUG=1 shows where")
        code = Exit.TROUBLE
    if json:
        click.echo(escape_json(dump_text({"error": _document(told)})), err=True)
    else:
        for line in _lines(told, paint_for(sys.stderr, os.environ)):
            click.echo(line, err=True, color=True)
    return code


def _lines(error: FlowDeskError, paint: Paint) -> list[str]:
    lines = [paint.bad("flowdesk: ") + clean(error.message)]
    news = [problem for problem in _problems(error) if problem.message not in error.message]
    lines += [f"  {line}" for line in problem_lines(news, paint)]
    if error.hint:
        lines.append(paint.dim(f"  {clean(error.hint)}"))
    if isinstance(error, ApiError) and error.status >= 500 and error.request_id:
        lines.append(paint.dim(f"  request {clean(error.request_id)}"))
    return lines


def _document(error: FlowDeskError) -> dict[str, Any]:
    found: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, ApiError):
        found |= {"status": error.status, "requestId": error.request_id}
    problems = _problems(error)
    if problems:
        found["problems"] = [problem_document(problem) for problem in problems]
    return {key: value for key, value in found.items() if value is not None}


def _problems(error: FlowDeskError) -> list[Problem]:
    return error.problems if isinstance(error, ApiError | BadFile) else []


def _sentence(text: str) -> str:
    """click's messages begin with a capital, end with a full stop and break lines; ours do not."""
    text = " ".join(text.split())
    return text[:1].lower() + text[1:].rstrip(".")
