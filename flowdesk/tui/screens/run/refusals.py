"""What cannot be done with a run as it stands, and why; pure."""

from __future__ import annotations

from typing import Final

from flowdesk.tui.screens.run.model import RunModel

_MOVABLE: Final = ("WAITING", "QUEUED", "FAILED")


def refusal(act_id: str, model: RunModel, chosen: str | None, number: int) -> str | None:
    """Why an act is not possible while `chosen` is the step and `number` its attempt that is shown; None when it is."""
    match act_id:
        case "run.cancel" if model.ended:
            return "the run has ended"
        case "run.move" if model.run["status"] not in _MOVABLE:
            return "only a run that waits or has failed can be moved"
        case "run.decide" if not model.run["questions"]:
            return "the run asks nothing"
        case "run.edit" if chosen is None:
            return "no step is chosen"
        case "run.older_attempt" if number <= 1:
            return "there is no earlier attempt"
        case "run.newer_attempt" if chosen is None or number >= model.last_attempt(chosen):
            return "there is no later attempt"
    return None
