"""Each control-flow pattern as a workflow that is valid and leaves exactly this journal."""

from __future__ import annotations

import pytest

from engine.graph import validate
from engine.inputs import Cancel, Finished, Heard
from engine.models.event import Event
from engine.models.run import Message
from engine.sdk import Ending, StepResult, Wait
from tests.engine.kit import Play, make_plan, make_registry
from tests.patterns.catalogue import PATTERNS, Pattern

_MARKS = {"step.started": "+", "step.succeeded": "-", "step.failed": "!", "step.skipped": "~", "step.cancelled": "x"}


def told(event: Event) -> str:
    if event.step_id is None:
        return event.type.value
    mark = _MARKS.get(event.type.value)
    return f"{event.type.value}:{event.step_id}" if mark is None else mark + event.step_id


def wait_for(name: str) -> StepResult:
    """What a `flow.wait` step answers."""
    return StepResult.wait(Wait("signal", {"signal": Ending(route="received")}, name=name))


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: f"{pattern.number}-{pattern.name}")
def test_the_pattern_leaves_this_journal(pattern: Pattern) -> None:
    document = {"name": pattern.name, "steps": list(pattern.steps), **pattern.more}
    problems = [problem.code for problem in validate(document, make_registry())[1]]
    assert problems == ([pattern.refused] if pattern.refused else [])
    if pattern.refused:
        assert pattern.verdict == "not supported"
        return
    play = Play(make_plan(*pattern.steps, **pattern.more), {"n": 3})
    for move in pattern.moves.split():
        step_id, _, label = move[1:].partition(":")
        if move == "cancel":
            play.give(Cancel("me", undo=True))
        elif move[0] == "+":
            assert step_id in play.ready()
            play.start(step_id)
        elif move[0] == "?":
            play.give(Finished(step_id, wait_for(step_id)))
        elif move[0] == "*":
            body = {"name": step_id, "data": None, "by": "me"}
            play.give(Heard(Message(f"m{len(play.events)}", "run1", play.now, "signal", body)))
        elif move[0] == "-":
            play.done(step_id, goto=label or None)
        else:
            play.stop(step_id)
    assert play.state.finished
    assert " ".join(map(told, play.events)) == pattern.journal
    assert play.refold() == play.state


def test_the_catalogue_is_in_order() -> None:
    numbers = [pattern.number for pattern in PATTERNS]
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= set(range(1, 21))
