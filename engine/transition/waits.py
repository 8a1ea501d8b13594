"""Waits in the state machine: how they begin, what ends them, and what the step comes to then.

What an outcome comes to was written down when the wait began, so that a wait ends the same way whichever process looks
at it, and without the handler. Whoever comes first decides; an answer that was sent when the time was up is too late.
"""

from __future__ import annotations

from typing import Any, Final

from engine.inputs import Decided, Finished
from engine.models.event import Event, EventType
from engine.models.run import Message, WaitingFor
from engine.sdk import StepResult
from engine.state import SETTLED, StepState
from engine.transition.beginning import resolve
from engine.transition.flow import finish
from engine.transition.turn import Turn
from engine.waiting import DUE, SIGNAL, Wait

MAX_KEPT: Final = 100
"""Signals a run keeps that no step waits for yet."""

ANSWER: Final = "answer"
"""The kind of message that answers a question: `stepId`, `wait` (the seq of its `wait.started`), `outcome`, `by`, and
perhaps `data` and `reason`."""
DECISIONS: Final = ("done", "again", "fail")
"""The outcomes of a `once` step of which nobody knows whether it happened."""


def begin(turn: Turn, step_id: str, wait: Wait, job_id: str) -> None:
    """The step waits from now on, unless what it waits for is there already."""
    turn.emit(EventType.WAIT_STARTED, step_id, wait.to_json(turn.now))
    if close_windows(turn, job_id):
        return
    if wait.name is not None and turn.state.signals is not None:
        for kept in turn.state.signals.kept:
            if kept.data["name"] == wait.name:
                _take_signal(turn, step_id, kept, job_id)
                return
    end_if_due(turn, step_id, turn.now, job_id)


def end_if_due(turn: Turn, step_id: str, at: int, job_id: str) -> bool:
    """End a wait whose time had come by then."""
    step = turn.state.steps[step_id]
    if not is_due(step, at):
        return False
    _end(turn, step_id, str(_asked(step)["whenDue"]), {"by": None, "due": True}, None, job_id)
    return True


def close_windows(turn: Turn, job_id: str) -> bool:
    """End the waits whose window has closed because the step they name has ended; whether there were any."""
    steps, closed, looking = turn.state.steps, False, bool(turn.plan.windows)
    while looking and turn.state.phase == "running":
        looking = False
        for step_id, until in turn.plan.windows:
            if steps[step_id].waits_for == WaitingFor.SIGNAL and steps[until].status in SETTLED:
                _end(turn, step_id, DUE, {"by": None, "due": True, "until": until}, None, job_id)
                looking = closed = True  # what follows from it may close others
                break
    return closed


def is_due(step: StepState, at: int) -> bool:
    """Whether the step waits for something else than a retry, and no longer than until then."""
    due_at = None if step.wait is None or "whenDue" not in step.wait.data else step.retry_at
    return due_at is not None and due_at <= at


def hear(turn: Turn, message: Message, job_id: str) -> None:
    """Take in a message; one that was heard before, or comes too late, changes nothing."""
    if turn.state.finished:
        return
    if message.kind == SIGNAL:
        _hear_signal(turn, message, job_id)
    elif message.kind == ANSWER:
        _hear_answer(turn, message, job_id)


def outcomes(step: StepState) -> tuple[str, ...]:
    """The answers somebody may give to what the step waits for, in order; none when nobody can."""
    if step.wait is None:
        return ()
    match step.waits_for:
        case WaitingFor.DECISION:
            return DECISIONS
        case WaitingFor.SIGNAL:
            return (SIGNAL,)
        case WaitingFor.APPROVAL:
            return tuple(outcome for outcome in _asked(step)["endings"] if outcome != DUE)
        case _:
            return ()


def _hear_signal(turn: Turn, message: Message, job_id: str) -> None:
    signals = turn.state.signals
    if signals is not None and message.id in signals.seen:
        return
    name = message.body["name"]
    waiting = _listeners(turn, name, message.at, job_id)
    told = {"name": name, "data": message.body.get("data"), "by": message.body.get("by"), "messageId": message.id}
    if not waiting and signals is not None and len(signals.kept) >= MAX_KEPT:
        told["dropped"] = True
    turn.emit(EventType.SIGNAL_RECEIVED, None, told)
    if waiting and turn.state.signals is not None:
        _take_signal(turn, waiting[0], turn.state.signals.kept[-1], job_id)


def _listeners(turn: Turn, name: str, at: int, job_id: str) -> list[str]:
    """The steps that wait for this signal, the longest first; those whose time was up before are ended."""
    steps = turn.state.steps
    found = [(step.wait.seq, step_id) for step_id, step in steps.items() if _awaits(step, name) and step.wait]
    return [step_id for _, step_id in sorted(found) if not end_if_due(turn, step_id, at, job_id)]


def _awaits(step: StepState, name: str) -> bool:
    return step.waits_for == WaitingFor.SIGNAL and _asked(step).get("name") == name


def _take_signal(turn: Turn, step_id: str, signal: Event, job_id: str) -> None:
    said = {"by": signal.data.get("by"), "messageId": signal.data["messageId"]}
    _end(turn, step_id, SIGNAL, said, signal.data.get("data"), job_id)


def _hear_answer(turn: Turn, message: Message, job_id: str) -> None:
    body = message.body
    step = turn.state.steps.get(body["stepId"])
    if step is None or step.wait is None or step.wait.seq != body["wait"] or body["outcome"] not in outcomes(step):
        return
    if end_if_due(turn, body["stepId"], message.at, job_id):
        return
    by, reason, data = body.get("by"), body.get("reason"), body.get("data")
    if step.waits_for == WaitingFor.DECISION:
        resolve(turn, Decided(body["stepId"], body["outcome"], by, data, job_id, reason, message.id))
        return
    said = {"by": by, "messageId": message.id, **({"reason": reason} if reason is not None else {})}
    _end(turn, body["stepId"], body["outcome"], said, data, job_id)


def _end(turn: Turn, step_id: str, outcome: str, said: dict[str, Any], data: Any, job_id: str) -> None:
    """Record what ended the wait, and let the step come to what that means."""
    step = turn.state.steps[step_id]
    began, asked, kind = step.wait, _asked(step), step.waits_for
    turn.emit(EventType.WAIT_RESOLVED, step_id, {"outcome": outcome, **said})
    ending = asked["endings"][outcome]
    output = _output(kind, outcome, said, data, ending)
    if "code" in ending:
        message = str(ending.get("message") or outcome)
        if said.get("reason"):
            message = f"{message}: {said['reason']}"
        result = StepResult.failure(message, code=str(ending["code"]), data=output, retryable=False)
    else:
        result = StepResult.success(output, goto=ending.get("route"))
    waited = 0 if began is None else turn.now - began.at
    finish(turn, Finished(step_id, result, float(max(0, waited)), job_id))


def _output(kind: str | None, outcome: str, said: dict[str, Any], data: Any, ending: dict[str, Any]) -> Any:
    if kind == WaitingFor.APPROVAL:
        decided = "code" not in ending or not said.get("due")
        answer = data if data is not None else ending.get("data")
        shown = {"outcome": outcome, "by": said["by"], "answer": answer, "feedback": said.get("reason")}
        return shown if decided else None
    return ending.get("data") if said.get("due") else data


def _asked(step: StepState) -> dict[str, Any]:
    return {} if step.wait is None else step.wait.data
