"""Steps that were tried, as people read them."""

from __future__ import annotations

from typing import Any

from engine.errors import Problem
from flowdesk.replies import Preview
from flowdesk.show.paint import Paint
from flowdesk.show.trial import preview_lines, trial_lines

EVIL = "\x1b]0;x\x07\n\u202e[/x]"


def _trial(**more: Any) -> Any:
    plain: dict[str, Any] = {
        "ok": True,
        "data": None,
        "error": None,
        "route": None,
        "params": {},
        "logs": [],
        "durationMs": 12.0,
    }
    return {**plain, "truncated": False, **more}


def test_a_trial_tells_how_it_ended() -> None:
    assert trial_lines(_trial(), Paint()) == ["done in 12 ms"]
    assert trial_lines(_trial(route="true"), Paint()) == ["done in 12 ms, route true"]
    error = {"code": "timeout", "message": "no result within 2 s"}
    assert trial_lines(_trial(ok=False, error=error), Paint()) == ["failed in 12 ms: no result within 2 s (timeout)"]
    shown = trial_lines(_trial(params={"a": 1}, data=[2], truncated=True), Paint())
    assert [line for line in shown if line and not line.startswith(" ")] == [
        "done in 12 ms",
        "params",
        "output",
        "long values are cut",
    ]


def test_nothing_in_it_acts_on_the_terminal() -> None:
    said = {"at": "2026-11-23T09:12:00.123Z", "level": "info", "message": EVIL, "fields": {}}
    error = {"code": EVIL, "message": EVIL, "data": EVIL}
    trial = _trial(ok=False, error=error, params={EVIL: EVIL}, data={EVIL: EVIL}, logs=[said, said])
    shown = trial_lines(trial, Paint()) + trial_lines(_trial(route=EVIL), Paint())
    problem = Problem(EVIL, EVIL, EVIL, EVIL, hint=EVIL)
    shown += preview_lines(Preview({EVIL: EVIL}, [problem], {}, truncated=True), Paint())
    assert [line for line in shown if not line.isprintable() or "\u202e" in line] == []
