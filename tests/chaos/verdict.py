"""Reads what is left in the store when all processes are gone, and compares it with what customers and partner saw."""

from __future__ import annotations

from collections import Counter
from typing import Final

from engine.models.event import Event, EventType
from engine.models.run import RunRow
from engine.store import ANYONE, RunFilter, Store
from tests.chaos.partner import Partner

STEPS: Final = ("reserve", "charge")
BATCH: Final = 200


class Verdict:
    """The rows and journals of all runs."""

    def __init__(self, rows: dict[str, RunRow], journals: dict[str, list[Event]], partner: Partner) -> None:
        self.rows = rows
        self.journals = journals
        self.partner = partner

    @property
    def duplicates(self) -> int:
        """Calls whose outcome is in no journal: what was executed once more than it was recorded."""
        recorded = sum(
            event.type in (EventType.STEP_SUCCEEDED, EventType.STEP_FAILED) and event.step_id in STEPS
            for events in self.journals.values()
            for event in events
        )
        return len(self.partner.calls) - recorded

    def check_runs(self, accepted: dict[str, str]) -> None:
        """R1, R2, R6: all there, all ended well, one run for each order."""
        lost = [order for order, run_id in accepted.items() if run_id not in self.rows]
        assert not lost, f"R1: accepted and lost: {lost}"
        assert len(set(accepted.values())) == len(accepted), "R6: two orders share a run"
        unfinished = [row.id for row in self.rows.values() if row.finished_at is None]
        assert not unfinished, f"R2: never ended: {unfinished}"
        failed = Counter(row.error_code for row in self.rows.values() if row.status != "SUCCESS")
        assert not failed, f"R2, R12: ended badly: {failed}"
        assert len(self.rows) == len(accepted), "R6: more runs than orders"

    def check_journals(self) -> None:
        """R3, R11: no gap, nothing after the end, no step that ran again after it had succeeded."""
        wrong = [f"{run_id}: {fault}" for run_id, events in self.journals.items() for fault in _faults(events)]
        assert not wrong, f"R3: {wrong[:5]}"

    def check_calls(self) -> None:
        """R4, R5: each step was executed, and always with the same key."""
        by_order = {step: {call.order for call in self.partner.calls if call.step == step} for step in STEPS}
        keys = {(call.order, call.step, call.key) for call in self.partner.calls}
        several = [pair for pair, count in Counter(key[:2] for key in keys).items() if count > 1]
        assert not several, f"R5: several keys: {several[:5]}"
        assert {key for *_, key in keys} == {f"{run_id}-{step}" for run_id in self.rows for step in STEPS}
        assert len(by_order["reserve"]) == len(by_order["charge"]) == len(self.rows)

    def check_duplicates(self, at_most: int) -> None:
        """R4: no more than were under way when something was killed."""
        assert 0 <= self.duplicates <= at_most, f"R4: {self.duplicates} extra executions, at most {at_most} excused"


def _faults(events: list[Event]) -> list[str]:
    found = []
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        found.append("the journal has a gap")
    done: set[str | None] = set()
    for event in events:
        if event.type in (EventType.STEP_STARTED, EventType.STEP_SUCCEEDED) and event.step_id in done:
            found.append(f"{event.step_id} ran again")
        if event.type is EventType.STEP_SUCCEEDED:
            done.add(event.step_id)
    if events[-1].type is not EventType.RUN_SUCCEEDED:
        found.append(f"ends with {events[-1].type}")
    return found


async def read(store: Store, partner: Partner) -> Verdict:
    """Everything in the store, which no other process may hold open any more."""
    await store.open()
    try:
        rows: dict[str, RunRow] = {}
        journals: dict[str, list[Event]] = {}
        cursor = None
        while True:
            page = await store.runs.page(RunFilter(owner=ANYONE), limit=BATCH, cursor=cursor)
            rows |= {row.id: row for row in page.items}
            journals |= await store.runs.journals([row.id for row in page.items])
            cursor = page.cursor
            if cursor is None:
                return Verdict(rows, journals, partner)
    finally:
        await store.close()
