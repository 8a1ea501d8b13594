"""What a run's journal says of the runs its steps call."""

from __future__ import annotations

from typing import Any

from engine.called import CHILDREN
from engine.inputs import Advanced, Calling
from engine.models.event import EventType
from engine.transition.turn import Turn


def follow(turn: Turn, given: Calling | Advanced) -> None:
    """A step calls runs, or those it has called have come further."""
    if isinstance(given, Calling):
        _call(turn, given)
    else:
        turn.emit(EventType.ITEMS_ADVANCED, given.step_id, given.change)


def _call(turn: Turn, given: Calling) -> None:
    """Wait for runs: those of a new list of items, or those an earlier attempt did not finish."""
    data: dict[str, Any] = {"for": CHILDREN, "calls": given.calls}
    if given.items is not None:
        data["items"] = given.items
    if given.data is not None:
        data["data"] = given.data
    turn.emit(EventType.WAIT_STARTED, given.step_id, data)
