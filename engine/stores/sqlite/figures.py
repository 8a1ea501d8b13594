"""Figures in SQLite: ranges of the list indexes, counted without looking at a row.

An hour of one status is one range of an index, so nothing is sorted or grouped however many runs there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from engine.jsonio import dumps
from engine.models.figures import HOUR_MS, RunFigures, WorkflowFigures
from engine.models.run import FINISHED, RunStatus, TriggerKind
from engine.store import Counted, Owner
from engine.stores.sqlite.merged import Merged
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.rows import RUN_COLUMNS, run_row
from engine.stores.sqlite.runs import ORDER
from engine.stores.sqlite.users import LAST_ID

_STATUSES: Final = tuple(RunStatus)
_OPEN: Final = tuple(status for status in RunStatus if status not in FINISHED)
_ENDED: Final = (RunStatus.SUCCESS.value, RunStatus.FAILED.value)
_TOOK: Final = "max(0, finished_at - started_at)"
_WHOLE: Final = f"trigger <> '{TriggerKind.ROUND.value}'"
"""The rounds of a loop are part of the run that loops; the indexes have the trigger for it."""


def _runs_sql(whose: str, index: str) -> str:
    """The hours with their counts by status, and the counts of all unfinished runs."""
    counts = ", ".join(
        f"(SELECT count(*) FROM runs INDEXED BY {index} WHERE {whose} status = '{status}' "
        f"AND {_WHOLE} AND created_at >= hours.at AND created_at < hours.at + {HOUR_MS})"
        for status in _STATUSES
    )
    open_counts = ", ".join(
        f"(SELECT count(*) FROM runs INDEXED BY {index} WHERE {whose} status = '{status}' AND {_WHOLE})"
        for status in _OPEN
    )
    return f"""
    WITH RECURSIVE hours (at) AS (
        SELECT :since UNION ALL SELECT at + {HOUR_MS} FROM hours WHERE at + {HOUR_MS} < :until)
    SELECT json_group_array(json_array(at, {counts})), json_array({open_counts}) FROM hours
    """


_MINE: Final = _runs_sql("user_id = :owner AND", "runs_user")
_ALL: Final = _runs_sql("", "runs_status")


def _workflows_sql(chosen: str) -> str:
    """Workflows with two counts and the newest run, which is the newest of the newest of each status."""
    newest = " UNION ALL ".join(
        "SELECT * FROM (SELECT n, created_at FROM runs INDEXED BY runs_workflow "
        f"WHERE workflow_id = found.id AND status = '{status}' AND {_WHOLE} "
        "ORDER BY created_at DESC, trigger DESC, n DESC LIMIT 1)"
        for status in _STATUSES
    )
    counted = (
        "SELECT count(*) FROM runs INDEXED BY runs_workflow "
        f"WHERE workflow_id = found.id AND created_at >= :since AND {_WHOLE}"
    )
    statuses = ", ".join(f"'{status}'" for status in _STATUSES)
    return packed(
        ("workflow", "lately", "broken", *RUN_COLUMNS),
        f"""
        SELECT workflow, lately, broken, runs.* FROM (
            SELECT found.id AS workflow, ({counted} AND status IN ({statuses})) AS lately,
                ({counted} AND status = 'FAILED') AS broken,
                (SELECT n FROM ({newest}) ORDER BY created_at DESC, n DESC LIMIT 1) AS newest
            FROM (SELECT id FROM workflows WHERE {chosen} ORDER BY id DESC LIMIT :limit) AS found
        ) AS counted LEFT JOIN runs ON runs.n = counted.newest ORDER BY workflow DESC
        """,
    )


_OF_MINE: Final = _workflows_sql("owner_id = :owner AND id < :last")
_OF_ALL: Final = _workflows_sql("id < :last")
_OF_THESE: Final = _workflows_sql("id IN (SELECT value FROM json_each(:ids)) AND (:owner IS NULL OR owner_id = :owner)")


_COUNTED: Final[dict[Counted, str]] = {
    "workflows": "workflows INDEXED BY workflows_owner WHERE owner_id = ?",
    "runs": f"runs INDEXED BY runs_user WHERE user_id = ? AND {_WHOLE}",
    "queued": f"runs INDEXED BY runs_user WHERE user_id = ? AND status = 'QUEUED' AND {_WHOLE}",
}


class SqliteFigures:
    """Implements engine.store.Figures."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def runs(self, *, owner: Owner, since: int, until: int, sample: int) -> RunFigures:
        """Of the runs made in these hours."""
        mine = isinstance(owner, str)
        values = {"owner": owner if mine else None, "since": since, "until": until}
        hours, opened = await self._readers.one(_MINE if mine else _ALL, values)
        figures = RunFigures()
        for at, *counts in orjson.loads(hours):
            if any(counts):
                figures.hours[at] = {s: n for s, n in zip(_STATUSES, counts, strict=True) if n}
        figures.open = {s: n for s, n in zip(_OPEN, orjson.loads(opened), strict=True) if n}
        figures.durations_ms = await self._durations(owner, since, until, sample)
        return figures

    async def _durations(self, owner: Owner, since: int, until: int, sample: int) -> list[int]:
        mine = isinstance(owner, str)
        merged = Merged("runs", "n", (_TOOK,), ORDER, _ENDED)
        merged.equal("user_id", owner if mine else None)
        merged.conditions += [_WHOLE, "created_at >= :since", "created_at < :until"]
        merged.values |= {"since": since, "until": until}
        rows = await self._readers.rows(merged.query("runs_user" if mine else "runs_status", sample), merged.values)
        return [took for _, took in rows[:sample] if took is not None]

    async def workflows(
        self, *, owner: Owner, since: int, limit: int, ids: Sequence[str] | None = None
    ) -> list[WorkflowFigures]:
        """Of these workflows."""
        mine = isinstance(owner, str)
        values = {"owner": owner if mine else None, "since": since, "limit": limit, "last": LAST_ID}
        if ids is not None:
            values["ids"] = dumps(list(ids)).decode()
        sql = _OF_THESE if ids is not None else _OF_MINE if mine else _OF_ALL
        return [
            WorkflowFigures(workflow_id, run_row(run) if run[0] is not None else None, lately, failed)
            for workflow_id, lately, failed, *run in await self._readers.rows(sql, values)
        ]

    async def count(self, owner_id: str, what: Counted, *, most: int) -> int:
        """How many there are, as entries of an index."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {_COUNTED[what]} LIMIT ?)"
        return int((await self._readers.one(sql, (owner_id, most)))[0])
