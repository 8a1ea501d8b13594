"""What a step that asks to wait says: for what, until when, and what each outcome comes to.

It is written down whole when the wait begins, so that nothing of the handler runs again when it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

WaitKind = Literal["timer", "signal", "approval"]

DUE: Final = "due"
"""The outcome of a wait whose time has come, unless it names another."""
SIGNAL: Final = "signal"
"""The outcome of a wait whose signal came."""


@dataclass(slots=True, frozen=True)
class Ending:
    """What a step comes to when its wait ends: success, perhaps along a route, or failure when there is a `code`.

    `data` is the output where the outcome brings none of its own.
    """

    route: str | None = None
    code: str | None = None
    message: str | None = None
    data: Any = None

    def to_json(self) -> dict[str, Any]:
        """The form in which journals keep it."""
        values = {"route": self.route, "code": self.code, "message": self.message, "data": self.data}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(slots=True, frozen=True)
class Wait:
    """A wait that holds nothing but its row. `endings` says what each outcome comes to.

    `due_at` is in milliseconds since the epoch, `due_in_ms` counts from when the wait begins; without either it lasts
    until it is answered. `when_due` is the outcome it then has. `name` is that of the signal. `details` are shown to
    people and checked against: for an approval `message`, `form` and `deciders`.
    """

    kind: WaitKind
    endings: Mapping[str, Ending]
    due_at: int | None = None
    due_in_ms: int | None = None
    when_due: str = DUE
    name: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def due(self, now: int) -> int | None:
        """When it is over at the latest, if it begins now."""
        if self.due_in_ms is None:
            return self.due_at
        return now + self.due_in_ms

    def to_json(self, now: int) -> dict[str, Any]:
        """What `wait.started` tells of it."""
        told: dict[str, Any] = {"for": self.kind}
        if self.name is not None:
            told["name"] = self.name
        due_at = self.due(now)
        if due_at is not None:
            told |= {"dueAt": due_at, "whenDue": self.when_due}
        told["endings"] = {outcome: ending.to_json() for outcome, ending in self.endings.items()}
        return told | dict(self.details)
