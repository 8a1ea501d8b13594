"""Figures for overviews: how runs went lately, and how each workflow does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from engine.clock import iso
from engine.models.figures import HOUR_MS, RunFigures, WorkflowFigures
from engine.models.run import FINISHED, RunStatus
from server.figure_models import MAX_WORKFLOWS, StatsDocument, StatsQuery, WorkflowStats, WorkflowStatsQuery
from server.keys import ENGINE, STORE, owner_of
from server.permissions import Permission
from server.requests import json_response, query
from server.routing import Route
from server.views import run_summary

SAMPLE: Final = 1000
"""Runs whose durations are looked at."""
WEEK_MS: Final = 7 * 24 * HOUR_MS


async def runs(request: web.Request) -> web.StreamResponse:
    """The caller's runs of the last hours; everybody's for an administrator."""
    hours = query(request, StatsQuery).hours
    now = request.app[ENGINE].clock()
    until = now - now % HOUR_MS + HOUR_MS
    since = until - hours * HOUR_MS
    figures = await request.app[STORE].figures.runs(owner=owner_of(request), since=since, until=until, sample=SAMPLE)
    return json_response(_stats(figures, since, hours))


async def workflows(request: web.Request) -> web.StreamResponse:
    """Figures by workflow id."""
    wanted = query(request, WorkflowStatsQuery)
    since = request.app[ENGINE].clock() - WEEK_MS
    found = await request.app[STORE].figures.workflows(
        owner=owner_of(request), since=since, limit=MAX_WORKFLOWS, ids=wanted.ids
    )
    return json_response({one.workflow_id: _workflow_stats(one) for one in found})


def _stats(figures: RunFigures, since: int, hours: int) -> dict[str, Any]:
    starts = [since + number * HOUR_MS for number in range(hours)]
    counted = [(at, figures.hours.get(at, {})) for at in starts]
    return {
        "since": iso(since),
        "hours": hours,
        "counts": {status: sum(counts.get(status, 0) for _, counts in counted) for status in RunStatus},
        "open": {status: figures.open.get(status, 0) for status in RunStatus if status not in FINISHED},
        "buckets": [
            {"at": iso(at), "runs": sum(counts.values()), "failed": counts.get(RunStatus.FAILED, 0)}
            for at, counts in counted
        ],
        "durationMs": durations(figures.durations_ms),
    }


def durations(took: Sequence[int]) -> dict[str, Any]:
    """The nearest-rank percentiles."""
    ordered = sorted(took)
    return {"of": len(ordered), "p50": _rank(ordered, 50), "p95": _rank(ordered, 95)}


def _rank(ordered: list[int], percent: int) -> int | None:
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None


def _workflow_stats(one: WorkflowFigures) -> dict[str, Any]:
    last = None
    if one.last is not None:
        whole = run_summary(one.last, "")
        last = {name: whole[name] for name in ("id", "status", "createdAt", "finishedAt", "durationMs")}
    return {"lastRun": last, "runs7d": one.runs, "failed7d": one.failed}


routes = [
    Route(
        "GET",
        "/api/stats",
        runs,
        needs=Permission.RUNS_READ,
        summary="Count the runs of the last hours",
        query=StatsQuery,
        response=StatsDocument,
        tags=("runs",),
    ),
    Route(
        "GET",
        "/api/workflows/stats",
        workflows,
        needs=Permission.WORKFLOWS_READ,
        summary="Tell how each workflow has been doing",
        description="An object with an entry for each workflow, by its id; unknown ids have none.",
        query=WorkflowStatsQuery,
        response=dict[str, WorkflowStats],
        tags=("workflows",),
    ),
]
