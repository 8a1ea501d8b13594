from __future__ import annotations

from typing import Any

import pytest

from flowdesk.show.lists import job_table, run_table
from flowdesk.show.paint import Paint
from flowdesk.show.run import run_lines, summary_line
from flowdesk.show.table import table
from flowdesk.show.workflow import (
    kind_lines,
    kind_table,
    schedules_of,
    version_table,
    workflow_lines,
    workflow_table,
)

EVIL = "\x1b]0;x\x07\n\u202e[/x]"
RUN_ID = "01k2zs3v9d8r6w1x0e5f7g8h9j"


def _error() -> Any:
    return {"code": EVIL, "message": EVIL, "stepId": EVIL}


def _run(**more: Any) -> Any:
    return {
        "id": RUN_ID,
        "workflowId": "w" * 36,
        "workflowName": "Hello",
        "workflowVersion": 2,
        "status": "SUCCESS",
        "waitingFor": None,
        "trigger": {"kind": "manual", "data": {"a": 1}},
        "createdAt": "2026-11-23T09:12:00.123Z",
        "startedAt": None,
        "finishedAt": None,
        "durationMs": 12,
        "dueAt": None,
        "parentRunId": None,
        "error": None,
        "data": {},
        "logs": [],
        "steps": [],
        "questions": [],
        **more,
    }


def _step(**more: Any) -> Any:
    empty = dict.fromkeys(
        ("name", "startedAt", "finishedAt", "durationMs", "input", "output", "error", "route", "reason")
    )
    return {"id": "a", "ref": "core.log", "type": "ACTION", "status": "SUCCESS", "attempt": 1, **empty, **more}


def test_one_line_for_a_run() -> None:
    assert summary_line(_run(), Paint()) == f"SUCCESS  {RUN_ID}  Hello  v2  in 12 ms"
    waiting = _run(status="WAITING", waitingFor="retry", durationMs=None)
    assert summary_line(waiting, Paint()) == f"WAITING (retry)  {RUN_ID}  Hello  v2"
    failed = summary_line(_run(status="FAILED", error={"code": "c", "message": "m", "stepId": "s"}), Paint())
    assert failed.splitlines()[1] == "  step s: m (c)"


def test_a_whole_run() -> None:
    steps = [_step(durationMs=3.2, route="big"), _step(id="b", status="SKIPPED", attempt=0, reason="no arrow")]
    lines = run_lines(_run(steps=steps, data={"x": [1]}), Paint(), None)
    assert lines[0] == "Hello v2  SUCCESS"
    assert f"  run       {RUN_ID}" in lines
    assert "a     core.log  SUCCESS        1  3.2 ms  route big" in lines
    assert "b     core.log  SKIPPED                   no arrow" in lines
    assert lines[-1] == "  }"


def test_nothing_from_the_server_reaches_the_terminal_raw() -> None:
    """Row 52: every text of every document."""
    paint = Paint()
    step = _step(id=EVIL, ref=EVIL, status=EVIL, error=_error(), reason=EVIL, route=EVIL)
    run = _run(workflowName=EVIL, status=EVIL, error=_error(), steps=[step], data={EVIL: EVIL}, parentRunId=EVIL)
    run["trigger"] = {"kind": EVIL, "data": {EVIL: EVIL}}
    job: Any = {
        "id": EVIL,
        "status": EVIL,
        "runId": EVIL,
        "stepId": EVIL,
        "attempt": 1,
        "runAt": EVIL,
        "error": _error(),
    }
    nexts: Any = [{"to": EVIL, "when": EVIL}, {"to": EVIL, "label": EVIL}, {"to": EVIL, "otherwise": True}, EVIL]
    workflow: Any = {
        "id": EVIL,
        "name": EVIL,
        "version": 1,
        "enabled": False,
        "description": EVIL,
        "scheduleCron": EVIL,
        "timezone": EVIL,
        "updatedAt": EVIL,
        "tags": [EVIL],
        "steps": [{"id": EVIL, "ref": "http.webhook", "name": EVIL, "next": nexts, "onError": EVIL}],
    }
    schema = {"properties": {EVIL: {"type": EVIL, "description": EVIL, "default": EVIL}}, "required": []}
    kind: Any = {
        "ref": EVIL,
        "title": EVIL,
        "description": EVIL,
        "kind": EVIL,
        "effect": EVIL,
        "source": EVIL,
        "params": schema,
        "examples": [{"title": EVIL, "params": {EVIL: EVIL}}],
    }
    version: Any = {"version": 1, "savedAt": EVIL, "steps": 1, "name": EVIL}
    lines = [
        *summary_line(run, paint).split("\n"),
        *run_lines(run, paint, 60),
        *workflow_lines(workflow, "http://a", paint, 60),
        *kind_lines(kind, paint, 60),
    ]
    for columns, rows in (
        run_table([run], paint),
        job_table([job], paint),
        workflow_table([workflow], paint),
        version_table([version], paint),
        kind_table([kind], paint),
    ):
        lines += table(columns, rows, paint, 60)
    assert len(lines) > 30
    assert all(line.isprintable() for line in lines)


def test_arrows_and_webhooks_are_shown() -> None:
    workflow: Any = {
        "id": "w1",
        "name": "Hello",
        "version": 1,
        "enabled": True,
        "updatedAt": "2026-11-23T09:12:00.123Z",
        "steps": [
            {
                "id": "a",
                "ref": "http.webhook",
                "next": [{"to": "b", "when": "data.x > 1"}, {"to": "c", "otherwise": True}],
            },
            {"id": "b", "ref": "schedule.cron", "params": {"cron": "* * * * *"}, "next": "c", "onError": "d"},
        ],
    }
    text = "\n".join(workflow_lines(workflow, "http://host:4000", Paint(), None))
    assert "http://host:4000/api/hooks/w1" in text
    assert "b when data.x > 1, c otherwise" in text
    assert "c, d on error" in text
    assert "* * * * *" in text


@pytest.mark.parametrize(
    ("ref", "params", "said"),
    [
        ("schedule.cron", {"cron": "0 9 * * *"}, "0 9 * * * Asia/Kathmandu"),
        ("schedule.cron", {"cron": "@daily", "timezone": "UTC"}, "@daily UTC"),
        ("schedule.interval", {"every": "1h30m"}, "every 1h30m"),
        ("schedule.interval", {"every": 90_000}, "every 1 min 30 s"),
        ("schedule.at", {"at": "2026-12-24T18:00"}, "2026-12-24T18:00 Asia/Kathmandu"),
        ("schedule.at", {"at": ["2026-12-24", "2026-12-31"]}, "2026-12-24, 2026-12-31 Asia/Kathmandu"),
    ],
)
def test_whatever_starts_by_the_clock_is_said_with_its_zone(ref: str, params: Any, said: str) -> None:
    workflow: Any = {"timezone": "Asia/Kathmandu", "steps": [{"id": "a", "ref": ref, "params": params}]}
    assert schedules_of(workflow) == [said]
    assert schedules_of(workflow | {"scheduleCron": "* * * * *"}) == ["* * * * * Asia/Kathmandu", said]


def test_parameters_of_a_step() -> None:
    schema = {
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "description": "Where\n  to."},
            "method": {"enum": ["GET", "POST"], "default": "GET"},
            "list": {"type": "array", "items": {"type": "integer"}},
            "either": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Body"}, {"type": "null"}]},
            "fixed": {"const": "x"},
        },
    }
    kind: Any = {
        "ref": "r",
        "title": "t",
        "description": "d",
        "kind": "ACTION",
        "effect": "pure",
        "source": "s",
        "params": schema,
        "examples": [],
    }
    rows = [line.split() for line in kind_lines(kind, Paint(), None)[-5:]]
    assert rows == [
        ["url", "string", "required", "Where", "to."],
        ["method", "GET", "|", "POST", "GET"],
        ["list", "array", "of", "integer"],
        ["either", "string", "|", "Body"],
        ["fixed", "x"],
    ]
