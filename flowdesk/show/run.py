"""Runs, steps and jobs as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.jsonio import dump_text
from flowdesk.clean import clean, clean_lines
from flowdesk.replies import ErrorDoc, QuestionDoc, RunDoc, RunSummary
from flowdesk.show.paint import Paint
from flowdesk.show.table import Column, table
from flowdesk.show.text import day_time, duration


def summary_line(run: RunSummary, paint: Paint) -> str:
    """`SUCCESS  01k2…  Hello v3  in 12 ms` with the error when there is one."""
    parts = [paint.status(run["status"], status_text(run)), clean(run["id"]), clean(run["workflowName"] or "")]
    parts.append(f"v{run['workflowVersion']}")
    if run["durationMs"] is not None:
        parts.append(f"in {duration(run['durationMs'])}")
    line = "  ".join(parts)
    return f"{line}\n  {error_text(run['error'])}" if run["error"] else line


def status_text(run: RunSummary) -> str:
    """The status, and what a waiting run waits for, or one that goes on asks meanwhile."""
    waits = run.get("waitingFor")
    return clean(f"{run['status']} ({waits})" if waits else run["status"])


def error_text(error: ErrorDoc | None) -> str:
    """`step send: refused (http_500)`."""
    if error is None:
        return ""
    where = f"step {clean(error['stepId'])}: " if error.get("stepId") else ""
    return f"{where}{clean(error.get('message'))} ({clean(error.get('code'))})"


def run_lines(run: RunDoc, paint: Paint, columns: int | None) -> list[str]:
    """A whole run: its summary, its steps, its data."""
    trigger = run["trigger"]
    status = paint.status(run["status"], status_text(run))
    lines = [
        f"{paint.bold(clean(run['workflowName'] or ''))} v{run['workflowVersion']}  {status}",
        *facts(
            {
                "run": run["id"],
                "workflow": run["workflowId"],
                "trigger": trigger["kind"],
                "created": day_time(run["createdAt"]),
                "took": duration(run["durationMs"]),
                "due": day_time(run["dueAt"]),
                "again of": run["parentRunId"],
                "error": error_text(run["error"]),
            },
            paint,
        ),
        "",
        *step_table(run, paint, columns),
    ]
    lines += [line for question in run["questions"] for line in question_lines(run["id"], question, paint)]
    for title, value in (("trigger data", trigger.get("data")), ("data", run["data"])):
        if value:
            lines += ["", paint.dim(title), *indented(value)]
    return lines


def question_lines(run_id: str, question: QuestionDoc, paint: Paint) -> list[str]:
    """What a waiting run asks, and the command that answers."""
    outcomes = "|".join(clean(outcome) for outcome in question["outcomes"])
    return [
        "",
        paint.warn(f"step {clean(question['stepId'])}: {clean(question['message'])}"),
        f"  flowdesk decide {clean(run_id)} --step {clean(question['stepId'])} {outcomes}",
    ]


def step_table(run: RunDoc, paint: Paint, columns: int | None) -> list[str]:
    """The steps of a run with how far each came."""
    titles = [
        Column("step"),
        Column("ref"),
        Column("status", style=lambda text: paint.status(text.strip())),
        Column("attempt", right=True),
        Column("took", right=True),
        Column("remark", prose=True),
    ]
    rows = [
        (
            step["id"],
            step["ref"],
            step["status"],
            step["attempt"] or "",
            duration(step["durationMs"]),
            error_text(step["error"]) or step["reason"] or (f"route {step['route']}" if step["route"] else ""),
        )
        for step in run["steps"]
    ]
    return table(titles, rows, paint, columns)


def facts(known: Mapping[str, Any], paint: Paint) -> list[str]:
    """`name  value` lines, without what is not known."""
    shown = {name: clean(value) for name, value in known.items() if value not in (None, "", [])}
    wide = max(map(len, shown), default=0)
    return [f"  {paint.dim(name.ljust(wide))}  {value}" for name, value in shown.items()]


def indented(value: Any) -> list[str]:
    """A JSON value over several lines, each clean."""
    return [f"  {line}" for line in clean_lines(dump_text(value, pretty=True))]
