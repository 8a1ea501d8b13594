"""Figures of the memory store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.models.figures import HOUR_MS, RunFigures, WorkflowFigures
from engine.models.run import FINISHED, RunRow, RunStatus, TriggerKind
from engine.models.workflow import Workflow
from engine.store import Counted, Owner
from engine.stores.memory_data import Data, copy, may


class MemoryFigures:
    """Implements engine.store.Figures."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def runs(self, *, owner: Owner, since: int, until: int, sample: int) -> RunFigures:
        """Of the runs made in these hours."""
        figures = RunFigures()
        mine = [row for row in self._whole() if may(owner, row.user_id)]
        made = [row for row in mine if since <= row.created_at < until]
        for row in made:
            hour = since + (row.created_at - since) // HOUR_MS * HOUR_MS
            counts = figures.hours.setdefault(hour, {})
            counts[row.status] = counts.get(row.status, 0) + 1
        for row in mine:
            if row.status not in FINISHED:
                figures.open[row.status] = figures.open.get(row.status, 0) + 1
        ended = sorted(filter(_ended, made), key=lambda row: row.created_at, reverse=True)[:sample]
        figures.durations_ms = [took for row in ended if (took := _took(row)) is not None]
        return figures

    async def workflows(
        self, *, owner: Owner, since: int, limit: int, ids: Sequence[str] | None = None
    ) -> list[WorkflowFigures]:
        """Of these workflows."""
        found: list[WorkflowFigures] = []
        for workflow_id in sorted(self._data.workflows, reverse=True):
            mine = may(owner, Workflow.model_validate_json(self._data.workflows[workflow_id]).owner_id)
            if mine and (ids is None or workflow_id in ids) and len(found) < limit:
                found.append(self._of(workflow_id, since))
        return found

    async def count(self, owner_id: str, what: Counted, *, most: int) -> int:
        """How many there are."""
        if what == "workflows":
            workflows = map(Workflow.model_validate_json, self._data.workflows.values())
            return min(most, sum(workflow.owner_id == owner_id for workflow in workflows))
        mine = [row for row in self._whole() if row.user_id == owner_id]
        return min(most, sum(what == "runs" or row.status is RunStatus.QUEUED for row in mine))

    def _whole(self) -> Iterator[RunRow]:
        """Every run but the rounds of loops, which are part of the run that loops."""
        return (row for row in self._data.runs.values() if row.trigger is not TriggerKind.ROUND)

    def _of(self, workflow_id: str, since: int) -> WorkflowFigures:
        rows = [row for row in self._whole() if row.workflow_id == workflow_id]
        lately = [row for row in rows if row.created_at >= since]
        last = max(rows, key=lambda row: row.created_at, default=None)
        failed = sum(row.status is RunStatus.FAILED for row in lately)
        return WorkflowFigures(workflow_id, None if last is None else copy(last), len(lately), failed)


def _ended(row: RunRow) -> bool:
    return row.status in (RunStatus.SUCCESS, RunStatus.FAILED)


def _took(row: RunRow) -> int | None:
    if row.started_at is None or row.finished_at is None:
        return None
    return max(0, row.finished_at - row.started_at)
