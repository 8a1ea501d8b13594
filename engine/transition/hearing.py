"""What a run hears from outside while somebody executes it."""

from __future__ import annotations

from typing import Final

from engine.inputs import Cancel
from engine.models.run import Message
from engine.transition import waits
from engine.transition.ending import cancel
from engine.transition.turn import Turn

CANCEL: Final = "cancel"
"""The kind of message that ends a run: `by`, and `undo` or `force`."""


def hear(turn: Turn, message: Message, job_id: str) -> None:
    """Do what the message asks for; a run that has ended hears nothing."""
    if turn.state.finished:
        return
    if message.kind == CANCEL:
        body = message.body
        cancel(turn, Cancel(body.get("by"), undo=body.get("undo") is True, force=body.get("force") is True))
    else:
        waits.hear(turn, message, job_id)
