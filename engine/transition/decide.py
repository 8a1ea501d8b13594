"""The state machine of a run: `decide(plan, view, state, input, now) -> events`, with no I/O and no clock.

The state is advanced by exactly the events returned, through `state.apply`, so that decisions within one call
build on each other and a journal always folds back to the state it came from.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.inputs import (
    Advanced,
    Begin,
    Calling,
    Cancel,
    Decided,
    Due,
    Fail,
    Finished,
    Heard,
    Hurry,
    Input,
    Recover,
    Reopen,
    Started,
)
from engine.models.event import Event, EventType
from engine.plan import Plan
from engine.state import RunState, apply
from engine.transition import waits
from engine.transition.beginning import begin, hurry, recover, reopen, resolve
from engine.transition.children import follow
from engine.transition.ending import cancel, end_if_done, fail_run
from engine.transition.flow import finish
from engine.transition.hearing import hear
from engine.transition.turn import Turn
from engine.visible import View


class Decision(NamedTuple):
    """What follows from an input: events to commit, steps that became ready, whether steps under way are to stop."""

    events: list[Event]
    ready: list[str]
    stopped: bool = False


def decide(plan: Plan, view: View, state: RunState, given: Input, now: int) -> Decision:
    """What follows from this input. The state has been advanced by the events when this returns."""
    if isinstance(given, Started):  # nothing else follows from it, and nearly half of all inputs are of this kind
        return Decision([_start(state, given, now)], [])
    turn = Turn(plan, view, state, now)
    match given:
        case Finished() if given.result.waits is not None:
            waits.begin(turn, given.step_id, given.result.waits, given.job_id)
        case Finished():
            finish(turn, given)
        case Begin():
            begin(turn, given)
        case Cancel():
            cancel(turn, given)
        case Fail():
            fail_run(turn, given)
        case Recover():
            recover(turn)
        case Reopen():
            reopen(turn, given)
        case Hurry():
            hurry(turn, given)
        case Decided():
            resolve(turn, given)
        case Heard():
            hear(turn, given.message, given.job_id)
        case Due():
            waits.end_if_due(turn, given.step_id, now, given.job_id)
        case Calling() | Advanced():
            follow(turn, given)
    waits.close_windows(turn, getattr(given, "job_id", ""))
    end_if_done(turn)
    return Decision(turn.events, turn.ready, turn.stopped)


def _start(state: RunState, given: Started, now: int) -> Event:
    attempt = state.steps[given.step_id].attempt + 1
    data = {"input": given.input, "key": given.key}
    event = Event(state.seq + 1, now, EventType.STEP_STARTED, given.step_id, attempt, data)
    apply(state, event)
    return event
