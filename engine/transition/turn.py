"""One call of `decide`: what it knows, and the events it has made so far."""

from __future__ import annotations

from typing import Any

from engine.models.event import Event, EventType
from engine.plan import Plan
from engine.state import RunState, apply
from engine.visible import View


class Turn:
    """The state is advanced by every event made, so that decisions within one call build on each other."""

    __slots__ = ("events", "now", "plan", "ready", "state", "stopped", "view")

    def __init__(self, plan: Plan, view: View, state: RunState, now: int) -> None:
        self.plan = plan
        self.view = view
        self.state = state
        self.now = now
        self.events: list[Event] = []
        self.ready: list[str] = []
        self.stopped = False
        """Whether steps under way were cancelled, whose handlers must be stopped."""

    def emit(self, kind: EventType, step_id: str | None, data: dict[str, Any]) -> None:
        """Record that this happened."""
        state = self.state
        attempt = None if step_id is None else state.steps[step_id].attempt
        event = Event(state.seq + 1, self.now, kind, step_id, attempt, data)
        apply(state, event)
        self.events.append(event)
