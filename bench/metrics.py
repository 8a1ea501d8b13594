"""What counting costs: each thing a run or a request adds to, and a whole answer to Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from aiohttp.web_urldispatcher import UrlMappingMatchInfo

from bench import workflows
from bench.plan import Plan
from bench.report import Cell, Report
from engine.models.event import Event, EventType
from engine.models.run import RunRow, RunStatus, TriggerKind
from engine.models.workflow import Workflow
from engine.plan import Plan as Compiled
from engine.plan import compile_plan
from engine.registry import Registry
from plugins.builtins import BUILTINS
from server.metrics.exposition import render
from server.metrics.meters import Meters

_STEPS: Final = ("hook", "greet", "known", "done")
_ROUND: Final = 100
_NOTE: Final = "a synchronous W1 pays for one commit and one answer"


def measure(report: Report, plan: Plan) -> None:
    """Microseconds for each."""
    meters = Meters()
    compiled, (before, row, events) = _compiled(), _w1()
    request, answer = _asked(), web.Response()
    counted = (("a", "b"), ("data",))
    chosen: dict[str, Callable[[], object]] = {
        "one counter": lambda: meters.work.steps.add(counted[0]),
        "one histogram": lambda: meters.work.step_duration.observe(0.003, counted[1]),
        "a commit: W1 whole, eight events of four steps": lambda: meters.work.committed(compiled, before, row, events),
        "an answered request": lambda: meters.requests.answer(request, answer, 0.003),
    }
    rows: list[list[Cell]] = [[name, _microseconds(count, plan.seconds / 5)] for name, count in chosen.items()]
    rows.append(["the text for Prometheus", _microseconds(lambda: render(meters.families()), plan.seconds / 5)])
    report.section("Metrics: what counting costs", ("what", "us"), rows, _NOTE)


def _asked() -> web.Request:
    """A request that has found its route."""
    app = web.Application()
    route = app.router.add_post("/api/hooks/{workflowId}", _nobody)
    request = make_mocked_request("POST", "/api/hooks/x", app=app)
    request._match_info = UrlMappingMatchInfo({}, route)  # the helper makes a mock of its own of it
    return request


async def _nobody(_request: web.Request) -> web.Response:
    return web.Response()


def _microseconds(call: Callable[[], object], seconds: float) -> float:
    """The best of many rounds, so that others on this machine do not count."""
    ends = time.perf_counter() + seconds
    best = float("inf")
    while time.perf_counter() < ends or best == float("inf"):
        begun = time.perf_counter()
        for _ in range(_ROUND):
            call()
        best = min(best, time.perf_counter() - begun)
    return best / _ROUND * 1_000_000


def _compiled() -> Compiled:
    registry = Registry()
    registry.load(BUILTINS)
    document = workflows.w1(synchronous=True)
    known = {"id": "w", "ownerId": "bench", "version": 1, "createdAt": 0, "updatedAt": 0}
    return compile_plan(Workflow.model_validate({**document, **known}), registry)


def _w1() -> tuple[RunRow, RunRow, list[Event]]:
    """A run before its only commit and after it."""
    before = RunRow("r", "w", 1, "bench", RunStatus.QUEUED, 0, TriggerKind.WEBHOOK, created_at=0)
    data = {"output": {}, "durationMs": 0.2}
    events = [Event(1, 0, EventType.RUN_STARTED)]
    for step in _STEPS:
        events.append(Event(0, 0, EventType.STEP_STARTED, step, 1))
        events.append(Event(0, 0, EventType.STEP_SUCCEEDED, step, 1, data))
    events.append(Event(0, 1, EventType.RUN_SUCCEEDED))
    return before, replace(before, status=RunStatus.SUCCESS, started_at=0, finished_at=1), events
