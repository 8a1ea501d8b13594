"""Who counts what the engine does: told once about everything that has become durable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.models.event import Event
from engine.models.run import RunRow
from engine.plan import Plan


class Meter(Protocol):
    """Counts. It is called in the event loop for each commit, so it must be quick, and must not raise."""

    def committed(self, plan: Plan | None, before: RunRow, row: RunRow, events: Sequence[Event]) -> None:
        """A run has got these events and this summary, in place of `before`; no plan when it has become unusable."""

    def lost(self) -> None:
        """Somebody else has a run that was executed here; what it came to here does not count."""

    def adopted(self, count: int) -> None:
        """So many runs were taken over from processes that died."""


class NoMeter:
    """Implements Meter and counts nothing."""

    def committed(self, plan: Plan | None, before: RunRow, row: RunRow, events: Sequence[Event]) -> None:
        """Nothing."""

    def lost(self) -> None:
        """Nothing."""

    def adopted(self, count: int) -> None:
        """Nothing."""
