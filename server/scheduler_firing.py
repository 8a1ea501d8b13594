"""What one due schedule comes to: runs started, put off, left out or cancelled, and the row moved on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from engine.clock import iso
from engine.engine import Engine
from engine.errors import Conflict, NotFound, Unavailable
from engine.ids import derived_id
from engine.models.run import FINISHED, RunRow, Trigger, TriggerKind
from engine.plan import Plan
from engine.schedules.planner import POLL_MS, Agenda, Due, plan
from engine.schedules.rows import Missed
from engine.schedules.timetable import NEVER
from engine.store import ANYONE, ScheduleRow, ScheduleState, Store

_SAYS: Final = {"cron": "cron", "interval": "every", "at": "at"}

Room = Callable[[str, str], Awaitable[bool]]
"""Whether a workspace has room for one more run, which will have this id."""

log = logging.getLogger("flowdesk.scheduler")


async def unbounded(_workspace_id: str, _run_id: str) -> bool:
    """Room for everything."""
    return True


@dataclass(slots=True)
class _Turn:
    """What a look has come to so far."""

    started: int = 0
    newest: RunRow | None = None
    gone: bool = False


class Firing:
    """Fires schedules, each by itself. What it decides is decided by engine.schedules.planner."""

    def __init__(self, engine: Engine, store: Store, room: Room = unbounded) -> None:
        self._engine = engine
        self._store = store
        self._room = room

    async def fire(self, row: ScheduleRow, now: int) -> int:
        """Start the runs first, then move the schedule on: a crash between the two finds the runs by their ids."""
        if row.state.paused_at is not None or not row.enabled:
            await self._store.schedules.advance(row, next_at=NEVER, state=row.state)
            return 0
        due = plan(row.schedule, row.state.cursor, now, row.workflow_id, row.schedule_id)
        agenda = Agenda(row.schedule, list(due.start), list(row.state.queued), list(row.state.owed))
        turn = await self._run(row, agenda)
        agenda.close()
        next_at = min(due.next_at, now + POLL_MS) if agenda.waits else due.next_at
        after = _after(row.state, due, agenda, turn)
        await self._store.schedules.advance(row, next_at=next_at, state=after)
        _tell(row, due, after)
        return turn.started

    async def _run(self, row: ScheduleRow, agenda: Agenda) -> _Turn:
        turn = _Turn()
        found = await self._plan(row)
        if found is None:
            agenda.give_up()
            turn.gone = True
            return turn
        overlap = row.schedule.overlap
        busy = overlap != "parallel" and await self._is_busy(row.state.last_run_id)
        while (at := agenda.next(busy=busy)) is not None:
            run_id = derived_id(at, row.workflow_id, row.schedule_id)
            if not await self._room(found.workflow.owner_id, run_id):
                agenda.hold(at)
                break
            if busy and overlap == "cancelPrevious":
                await self._cancel(row.state.last_run_id)
            accepted = await self._engine.accept(
                found,
                Trigger(TriggerKind.CRON, {}, _meta(row, at), row.step_id),
                run_id=run_id,
                scheduled_at=at,
            )
            turn.started += not accepted.duplicate
            turn.newest = accepted.run
            busy = accepted.run.status not in FINISHED
        return turn

    async def _plan(self, row: ScheduleRow) -> Plan | None:
        try:
            found = await self._engine.plans.current(row.workflow_id)
        except NotFound:
            return None
        except Unavailable:
            raise
        except Exception:
            # A fault of ours must not keep the other schedules from their turn.
            log.exception("workflow %s cannot be started by its schedule", row.workflow_id)
            return None
        return found if found.workflow.enabled else None

    async def _is_busy(self, run_id: str | None) -> bool:
        if run_id is None:
            return False
        try:
            return (await self._store.runs.get(run_id, owner=ANYONE)).status not in FINISHED
        except NotFound:
            return False

    async def _cancel(self, run_id: str | None) -> None:
        if run_id is not None:
            try:
                await self._engine.cancel(run_id, owner=ANYONE, by=None)
            except (Conflict, NotFound):
                return  # it ended by itself just now


def _meta(row: ScheduleRow, at: int) -> dict[str, object]:
    schedule = row.schedule
    meta: dict[str, object] = {
        "scheduledAt": iso(at),
        "scheduleId": row.schedule_id,
        _SAYS[schedule.kind]: schedule.text,
        "timezone": schedule.timezone,
    }
    if at in row.state.owed:
        meta["backfill"] = True
    return meta


def _after(state: ScheduleState, due: Due, agenda: Agenda, turn: _Turn) -> ScheduleState:
    newest = max((at for at in (state.missed_at, due.missed_at, *agenda.skipped) if at is not None), default=None)
    held = None
    if agenda.held is not None:
        held = agenda.held if state.held_at is None else state.held_at
    after = replace(
        state,
        cursor=agenda.decided(due.cursor),
        queued=tuple(agenda.queued),
        owed=tuple(agenda.owed),
        missed=state.missed + due.missed,
        skipped=state.skipped + len(agenda.skipped),
        missed_at=newest,
        missed_why=state.missed_why if newest == state.missed_at else _why(state, due, agenda, turn),
        held_at=held,
    )
    if turn.newest is None:
        return after
    return replace(after, last_at=turn.newest.scheduled_at, last_run_id=turn.newest.id)


def _why(state: ScheduleState, due: Due, agenda: Agenda, turn: _Turn) -> Missed:
    """Why the newest of what was missed or left out just now was."""
    if turn.gone:
        return "workflow"
    if agenda.skipped and agenda.held is None and max(agenda.skipped) > (due.missed_at or 0):
        return "overlap"
    return "outage" if state.held_at is None and agenda.held is None else "quota"


def _tell(row: ScheduleRow, due: Due, after: ScheduleState) -> None:
    """Log what was missed, and once that a time waits for room."""
    if due.missed_at is not None:
        newest = iso(due.missed_at)
        log.warning("workflow %s: missed %d times, the last %s", row.workflow_id, due.missed, newest)
    if after.held_at is not None and row.state.held_at is None:
        log.warning("workflow %s: its schedule waits, since its workspace has used up its quota", row.workflow_id)
