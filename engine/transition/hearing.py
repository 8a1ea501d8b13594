"""What a run hears from outside while somebody executes it."""

from __future__ import annotations

from typing import Final

from engine.inputs import Cancel, Hurry
from engine.models.run import Message, WaitingFor
from engine.transition import waits
from engine.transition.beginning import hurry
from engine.transition.ending import cancel
from engine.transition.turn import Turn

CANCEL: Final = "cancel"
"""The kind of message that ends a run: `by`, and `undo` or `force`."""
HURRY: Final = "hurry"
"""The kind of message that brings a retry forward: `stepId`, `attempt` (those there were), and `by`."""


def hear(turn: Turn, message: Message, job_id: str) -> None:
    """Do what the message asks for; a run that has ended hears nothing."""
    if turn.state.finished:
        return
    if message.kind == CANCEL:
        body = message.body
        cancel(turn, Cancel(body.get("by"), undo=body.get("undo") is True, force=body.get("force") is True))
    elif message.kind == HURRY:
        _hurry(turn, message)
    else:
        waits.hear(turn, message, job_id)


def _hurry(turn: Turn, message: Message) -> None:
    body = message.body
    known = turn.state.steps.get(body["stepId"])
    if known is None or known.waits_for != WaitingFor.RETRY or known.attempt != body["attempt"]:
        return
    if known.retry_at is not None and known.retry_at > turn.now:
        hurry(turn, Hurry(body["stepId"], body.get("by")))
