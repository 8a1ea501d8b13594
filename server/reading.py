"""Reading runs for answers: whole journals, states and the names of workflows."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from engine.errors import Invalid, NotFound
from engine.models.event import Event
from engine.models.run import RunRow
from engine.plans import Plans
from engine.state import fold
from engine.store import ANYONE, Runs
from server.keys import ENGINE, STORE
from server.references import with_markers
from server.views import Document, run_document, run_summary

PAGE = 1000

Names = dict[tuple[str, int], str]


async def whole_journal(runs: Runs, row: RunRow, *, after: int = 0) -> list[Event]:
    """The events up to the moment of this row; later ones are left for another look."""
    events: list[Event] = []
    seq = after
    while seq < row.seq:
        page = await runs.journal(row.id, after=seq, limit=PAGE)
        if not page:
            break
        events.extend(page)
        seq = page[-1].seq
    return [event for event in events if event.seq <= row.seq]


async def full_run(app: web.Application, row: RunRow) -> Document:
    """The run with steps, data and logs."""
    plan = await app[ENGINE].plans.of(row)
    events = [with_markers(event) for event in await whole_journal(app[STORE].runs, row)]
    return run_document(row, plan, fold(plan.steps, row.id, events), events)


async def summary(app: web.Application, row: RunRow) -> Document:
    """The run without its journal."""
    names = await workflow_names(app, [row])
    return run_summary(row, names[row.workflow_id, row.workflow_version])


async def workflow_names(app: web.Application, rows: Iterable[RunRow]) -> Names:
    """What the workflows were called in the versions these runs run."""
    wanted = dict.fromkeys((row.workflow_id, row.workflow_version) for row in rows)
    return {key: await _name(app, *key) for key in wanted}


async def _name(app: web.Application, workflow_id: str, version: int) -> str:
    plans: Plans = app[ENGINE].plans
    try:
        return (await plans.version(workflow_id, version)).workflow.name
    except Invalid:  # a version that an older FlowDesk accepted
        return (await app[STORE].workflows.version(workflow_id, version, owner=ANYONE)).name
    except NotFound:
        return ""
