"""Runs that do not go on, and summaries that differ from their journals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.audit import Audit, audit
from engine.errors import Fenced, NotFound
from engine.models.event import Event
from engine.models.run import FINISHED, JobRow, JobStatus, RunRow, RunStatus, WaitingFor
from engine.models.workflow import Workflow
from engine.state import SETTLED
from engine.store import ANYONE, RunFilter, Store
from server.doctor.findings import Finding, note, ok, problem, some, warning
from server.doctor.house import House

RECENT: Final = 1000
"""How many finished runs are compared unless all are."""
LATE_MS: Final = 60_000
MOST: Final = 10_000
_DAY_MS: Final = 86_400_000
_AT_ONCE: Final = 50
_LOOKS: Final = 3
_OPEN: Final = [status for status in RunStatus if status not in FINISHED]


async def check_waiting(house: House) -> AsyncIterator[Finding]:
    """Runs nobody takes up, and jobs that wait for somebody."""
    store = house.store
    if store is None:
        return
    served = await _is_served(house)
    say = warning if served else note
    remedy = None if served else "they go on when a server starts"
    now = house.now()
    # Without a server nobody holds anything, whatever leases have been left behind.
    orphans = await store.runs.orphans(now - LATE_MS if served else now + _DAY_MS, limit=MOST)
    if orphans:
        yield say("runs.orphaned", f"{_many(orphans)} held by processes that are gone", remedy)
    overdue = await store.runs.due(now - LATE_MS, limit=MOST)
    if overdue:
        yield say("runs.overdue", f"{_many(overdue)} due for more than a minute", remedy)
    parked = (await store.jobs.page(owner=ANYONE, limit=200, status=JobStatus.FAILED)).items
    if parked:
        count = f"{len(parked)}" if len(parked) < 200 else "200 or more"
        yield note("jobs.parked", f"{count} steps have failed for good and can be retried by hand")


async def _is_served(house: House) -> bool:
    if house.embedded:
        return house.in_use
    now = house.now()
    return house.store is not None and any(p.until > now for p in await house.store.upkeep.processes())


@dataclass(slots=True)
class Comparison:
    """What was found out about many runs."""

    compared: int = 0
    left_out: int = 0
    different: list[str] = field(default_factory=list)
    mended: int = 0
    unreadable: list[str] = field(default_factory=list)
    lacking: dict[str, list[str]] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)


async def check_runs(house: House) -> AsyncIterator[Finding]:
    """Every unfinished run, and the newest finished ones or all, against their journals."""
    if house.store is None:
        return
    seen = await Comparing(house, house.store).run()
    if seen.unreadable:
        yield problem("runs.journal", f"{len(seen.unreadable)} runs: {some(seen.unreadable, 3)}")
    if seen.different:
        found = problem("runs.differ", f"{len(seen.different)} runs: {some(seen.different, 3)}", _why_not(house))
        yield found.mended() if seen.mended == len(seen.different) else found
    else:
        rest = f"; {seen.left_out} older finished ones were left out" if seen.left_out else ""
        yield ok("runs.compared", f"{seen.compared} runs say what their journals say{rest}")
    for ref, run_ids in seen.lacking.items():
        yield problem("runs.missing_steps", f"{len(run_ids)} runs need the step {ref}: {some(run_ids, 3)}")
    if seen.undecided:
        yield note("runs.undecided", f"{len(seen.undecided)} runs wait for a decision: {some(seen.undecided)}")


def _why_not(house: House) -> str | None:
    if house.fix and not house.may_write:
        return "stop the server, then flowdesk doctor --fix"
    return None


class Comparing:
    """One pass over the runs of a store."""

    def __init__(self, house: House, store: Store) -> None:
        self._house = house
        self._store = store
        self._workflows: dict[tuple[str, int], Workflow | None] = {}
        self._seen = Comparison()

    async def run(self) -> Comparison:
        """Look at them all."""
        for status in _OPEN:
            await self._all(RunFilter(ANYONE, statuses=(status,)))
        for status in sorted(FINISHED):
            await self._all(RunFilter(ANYONE, statuses=(status,)), most=None if self._house.everything else RECENT)
        return self._seen

    async def _all(self, where: RunFilter, *, most: int | None = None) -> None:
        cursor: str | None = None
        looked = 0
        while True:
            page = await self._store.runs.page(where, limit=_AT_ONCE, cursor=cursor)
            journals = await self._store.runs.journals([row.id for row in page.items])
            for row in page.items:
                await self._one(row, await self._audit(row, journals.get(row.id, [])))
            looked += len(page.items)
            if (cursor := page.cursor) is None:
                return
            if most is not None and looked >= most:
                self._seen.left_out += await self._count(where, cursor)
                return

    async def _count(self, where: RunFilter, cursor: str | None) -> int:
        count = 0
        while cursor is not None:
            page = await self._store.runs.page(where, limit=1000, cursor=cursor)
            count += len(page.items)
            cursor = page.cursor
        return count

    async def _audit(self, row: RunRow, events: Sequence[Event]) -> Audit:
        workflow = await self._workflow(row)
        if workflow is None:
            return Audit(row, journal=f"version {row.workflow_version} of its workflow is missing")
        jobs = [job async for job in self._jobs(row.id)]
        return audit(row, jobs, [step.id for step in workflow.steps], events)

    async def _jobs(self, run_id: str) -> AsyncIterator[JobRow]:
        cursor: str | None = None
        while True:
            page = await self._store.jobs.page(owner=ANYONE, run_id=run_id, limit=200, cursor=cursor)
            for job in page.items:
                yield job
            if (cursor := page.cursor) is None:
                return

    async def _one(self, row: RunRow, seen: Audit) -> None:
        self._seen.compared += 1
        for _ in range(_LOOKS):
            if not seen.differences and seen.journal is None:
                break
            # The run may have moved on between two readings: look again until it stands still.
            try:
                again = await self._store.runs.get(row.id, owner=ANYONE)
            except NotFound:
                return  # removed by retention in between
            events = (await self._store.runs.journals([row.id])).get(row.id, [])
            if again == row:
                break
            row, seen = again, await self._audit(again, events)
        await self._note(row, seen)

    async def _note(self, row: RunRow, seen: Audit) -> None:
        if seen.journal is not None:
            self._seen.unreadable.append(f"{row.id} ({seen.journal})")
            return
        if seen.differences:
            self._seen.different.append(f"{row.id} ({seen.differences[0]})")
            if self._house.may_write:
                await self._mend(row, seen)
        if row.status not in FINISHED and seen.state is not None:
            await self._needs(row, seen)

    async def _mend(self, row: RunRow, seen: Audit) -> None:
        try:
            await self._store.upkeep.mend(row, seen.row, seen.jobs)
        except Fenced:
            return
        self._seen.mended += 1

    async def _needs(self, row: RunRow, seen: Audit) -> None:
        workflow = await self._workflow(row)
        states = seen.state.steps if seen.state else {}
        steps = [step for step in (workflow.steps if workflow else []) if states[step.id].status not in SETTLED]
        for ref in {step.ref for step in steps if step.ref not in self._house.registry}:
            self._seen.lacking.setdefault(ref, []).append(row.id)
        if row.waiting_for is WaitingFor.DECISION:
            self._seen.undecided.append(row.id)

    async def _workflow(self, row: RunRow) -> Workflow | None:
        key = (row.workflow_id, row.workflow_version)
        if key not in self._workflows:
            try:
                self._workflows[key] = await self._store.workflows.version(*key, owner=ANYONE)
            except NotFound:
                self._workflows[key] = None
        return self._workflows[key]


def _many(rows: Sequence[RunRow]) -> str:
    more = " or more" if len(rows) >= MOST else ""
    return f"{len(rows)}{more} runs ({some((row.id for row in rows), 3)})"
