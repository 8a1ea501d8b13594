"""How far the runs a step called have come: what is put into the next `items.advanced`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from engine.called import Called
from engine.models.run import RunRow, RunStatus

MAX_MESSAGE: Final = 300


@dataclass(slots=True)
class Progress:
    """A step's items as they are now, and what of that its run's journal does not say yet."""

    next: int
    open: list[int]
    succeeded: int
    failed: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    anew: list[int] = field(default_factory=list)
    due_at: int | None = None
    reached: bool = False
    changed: bool = False

    @classmethod
    def of(cls, called: Called) -> Progress:
        """What the journal says."""
        return cls(called.next, list(called.open), called.succeeded, due_at=called.due_at, reached=called.reached)

    def start(self, item: int, *, anew: bool = False) -> None:
        """The item's run is about to be made."""
        if item not in self.open:
            self.open.append(item)
        if anew:
            self.anew.append(item)
        self.next = max(self.next, item + 1)
        self.changed = True

    def succeed(self, item: int) -> None:
        """The item's run has succeeded."""
        self._settle(item)
        self.succeeded += 1

    def fail(self, item: int, why: dict[str, Any]) -> None:
        """The item's run has ended otherwise, or could not be made."""
        self._settle(item)
        self.failed.append((item, why))

    def _settle(self, item: int) -> None:
        if item in self.open:
            self.open.remove(item)
        self.settled.append(item)
        self.next = max(self.next, item + 1)
        self.changed = True

    def event(self, called: Called) -> dict[str, Any]:
        """The data of `items.advanced`."""
        data: dict[str, Any] = {"next": self.next, "open": list(self.open), "succeeded": self.succeeded}
        if self.failed:
            data["failed"] = [[item, why] for item, why in self.failed]
        if called.again:
            data["settled"] = self.settled
        if self.anew:
            data["anew"] = self.anew
        if self.due_at is not None:
            data["dueAt"] = self.due_at
        if self.reached:
            data["reached"] = True
        return data


def why_not(row: RunRow) -> dict[str, Any]:
    """Why a called run did not succeed, with the run, its step and the code."""
    if row.status is RunStatus.CANCELLED or row.error is None:
        return {"code": "cancelled", "message": f"the run {row.id} was cancelled", "runId": row.id}
    step_id = row.error.get("stepId")
    where = f" at step {step_id}" if step_id else ""
    told = str(row.error.get("message"))[:MAX_MESSAGE]
    message = f"the run {row.id} failed{where}: {told} ({row.error_code})"
    why: dict[str, Any] = {"code": str(row.error_code), "message": message, "runId": row.id}
    return {**why, "stepId": step_id} if step_id else why
