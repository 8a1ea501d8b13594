"""What went wrong, for the Error tab and, as Markdown, for a colleague or a ticket. Every text of it is clean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rich.text import Text

from flowdesk.clean import clean, clean_lines, escape_json
from flowdesk.replies import StepDoc
from flowdesk.show.text import day_time, duration
from flowdesk.tui.draw.status import word
from flowdesk.tui.draw.values import text_of
from flowdesk.tui.screens.run.model import Attempt, RunModel

_INPUT_LINES: Final = 12
_INPUT_CHARACTERS: Final = 4_000
_LONGEST_LINE: Final = 300
_TOP: Final = ("code", "message", "stepId", "hint")

Fact = tuple[str, str]


def error_text(model: RunModel, step_id: str | None, number: int | None) -> Text:
    """The Error tab for an attempt of a step: message and code, then what belongs to it."""
    attempt = model.attempt(step_id, number) if step_id else None
    error = _error_of(model, step_id, attempt)
    if not error:
        return Text(_nothing_wrong(model, step_id), style="italic")
    text = Text()
    for line in clean_lines(error.get("message") or "failed without a message"):
        text.append(line + "\n", style="bold")
    text.append(f"{clean(error.get('code') or '')}\n\n")
    facts = list(_facts(model, step_id, attempt, error))
    wide = max((len(name) for name, _ in facts), default=0)
    for name, value in facts:
        text.append(f"{name.ljust(wide)}  ", style="dim")
        text.append(f"{value}\n")
    for title, value in _data(attempt, error):
        text.append(f"\n{title}\n", style="dim")
        for line in _excerpt(value):
            text.append(f"  {line}\n")
    return text


def report(model: RunModel, step_id: str | None, number: int | None) -> str:
    """The error, the step, the run and the input as Markdown."""
    attempt = model.attempt(step_id, number) if step_id else None
    error = _error_of(model, step_id, attempt)
    run = model.run
    lines = [
        f"## {_plain(run['workflowName'] or run['workflowId'])}: run {_code(run['id'])} {word(run['status'], 'run')}"
    ]
    if error:
        message = clean_lines(error.get("message") or "")
        lines += ["", *(f"> {line}" for line in message)]
    lines += ["", f"- workflow: {_code(run['workflowId'])} v{run['workflowVersion']}"]
    lines.append(f"- started: {day_time(run['startedAt'] or run['createdAt'])} by {_code(run['trigger']['kind'])}")
    if error:
        lines.append(f"- code: {_code(error.get('code') or '')}")
    lines += [f"- {name}: {_code(value)}" for name, value in _facts(model, step_id, attempt, error or {})]
    for title, value in _data(attempt, error or {}):
        lines += ["", f"{title}:", "", "````json", *_excerpt(value), "````"]
    return "\n".join(lines) + "\n"


def _error_of(model: RunModel, step_id: str | None, attempt: Attempt | None) -> dict[str, Any] | None:
    if attempt is not None and attempt.error:
        return dict(attempt.error)
    of_run = model.run["error"]
    concerns = of_run is not None and of_run.get("stepId") in (None, step_id)
    return dict(of_run) if of_run and concerns else None


def _nothing_wrong(model: RunModel, step_id: str | None) -> str:
    if step_id is None or step_id not in model.steps:
        return "no error"
    step = model.steps[step_id]
    if step["status"] == "SKIPPED":
        return f"{clean(step_id)} was skipped: {clean(step['reason'] or 'no arrow led to it')}"
    return f"{clean(step_id)} has no error ({word(step['status'])})"


def _facts(model: RunModel, step_id: str | None, attempt: Attempt | None, error: dict[str, Any]) -> Iterator[Fact]:
    step = model.steps.get(step_id) if step_id else None
    if step is not None:
        yield "step", f"{clean(step['id'])} ({clean(step['ref'])})"
        if attempt is not None:
            last = model.last_attempt(step["id"])
            yield "attempt", f"{attempt.number} of {last}"
            if attempt.duration_ms is not None:
                yield "took", duration(attempt.duration_ms)
        if attempt is not None and attempt.outcome == "FAILED":
            yield "tried again", _again(model, step, attempt)
    elif error.get("stepId"):
        yield "step", clean(error["stepId"])
    if error.get("hint"):
        yield "hint", clean(error["hint"])


def _again(model: RunModel, step: StepDoc, attempt: Attempt) -> str:
    if attempt.number < model.last_attempt(step["id"]):
        return "yes"
    if attempt.final:
        return "no, that was its last attempt"
    if step["status"] == "WAITING" and step["retryAt"]:
        return f"yes, at {day_time(step['retryAt'])}"
    return "no" if model.ended else "yes"


def _data(attempt: Attempt | None, error: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    more = {key: value for key, value in error.items() if key not in _TOP and value is not None}
    if more:
        yield "what the step left", more.get("data") if list(more) == ["data"] else more
    if attempt is not None and attempt.input is not None:
        yield "input", attempt.input


def _excerpt(value: Any) -> list[str]:
    """The value's first lines, and how much was left out."""
    text = escape_json(text_of(value))
    lines = text[:_INPUT_CHARACTERS].split("\n")
    shown = [clean(line[:_LONGEST_LINE]) for line in lines[:_INPUT_LINES]]
    if len(lines) > _INPUT_LINES or len(text) > _INPUT_CHARACTERS or any(len(line) > _LONGEST_LINE for line in lines):
        shown.append("…")
    return shown


def _plain(text: str) -> str:
    """A text that means nothing in Markdown."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|!" else char for char in clean(text))


def _code(text: str) -> str:
    return f"`{clean(text).replace('`', chr(0x2019))}`"
