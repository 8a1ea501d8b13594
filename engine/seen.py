"""Runs as previews see them, read once: while somebody types, the same run is looked at again and again.

A run's journal only grows, so what was folded stays true and only what came since is read. The few runs looked at last
are kept; what a run holds of large values is bounded, and one that holds more is read anew each time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from engine.errors import NotFound
from engine.journal import put_back
from engine.models.event import Event
from engine.plans import Plans
from engine.state import RunState, apply, new_state
from engine.store import Owner, Runs

MOST_RUNS: Final = 8
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of values kept apart from the journal, in one run that is kept."""
_PAGE: Final = 1000
_REFERENCES: Final = ("outputRef", "inputRef", "itemsRef", "dataRef", "metaRef")


@dataclass(slots=True)
class _Seen:
    version: int
    state: RunState
    large: int = 0


class SeenRuns:
    """States of runs, for reading only."""

    def __init__(self, runs: Runs, plans: Plans) -> None:
        self._runs = runs
        self._plans = plans
        self._kept: OrderedDict[str, _Seen] = OrderedDict()

    async def state(self, run_id: str, *, owner: Owner) -> RunState:
        """The run as it is now, or a moment later; NotFound for somebody else's."""
        try:
            row = await self._runs.get(run_id, owner=owner)
        except NotFound:
            self._kept.pop(run_id, None)
            raise
        seen = self._kept.get(run_id)
        if seen is None or seen.version != row.workflow_version:
            plan = await self._plans.of(row)
            seen = _Seen(row.workflow_version, new_state(plan.steps, run_id))
        while seen.state.seq < row.seq:
            events = await self._runs.journal(run_id, after=seen.state.seq, limit=_PAGE)
            if not events:
                break
            large = sum(map(_large, events))
            await put_back(run_id, events, self._runs)
            for event in events:
                if event.seq > seen.state.seq:  # another look may have come this far meanwhile
                    apply(seen.state, event)
            seen.large += large
        self._keep(run_id, seen)
        return seen.state

    def _keep(self, run_id: str, seen: _Seen) -> None:
        if seen.large > MOST_BYTES:
            self._kept.pop(run_id, None)
            return
        self._kept[run_id] = seen
        self._kept.move_to_end(run_id)
        if len(self._kept) > MOST_RUNS:
            self._kept.popitem(last=False)


def _large(event: Event) -> int:
    """How many bytes of an event's values are kept apart from it; too many where nothing tells their size."""
    trigger = event.data.get("trigger") or {}
    if "base" in trigger:
        return MOST_BYTES + 1
    places = (event.data, trigger)
    found = (place.get(name) for place in places for name in _REFERENCES)
    return sum(int(reference.get("size", 0)) for reference in found if isinstance(reference, dict))
