"""Figures for overviews."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from engine.models.run import Role
from server.routes.stats import durations
from tests.server.live import UNKNOWN, Live, Person, eventually, fail, greet, sleep


async def test_the_runs_of_the_last_hours_are_counted(server: Live, ali: Person) -> None:
    good, bad = await ali.save(greet()), await ali.save(fail())
    for _ in range(3):
        await ali.run(good)
    await ali.run(bad)
    slow = await ali.start(await ali.save(sleep()))

    async def running() -> bool:
        return bool((await ali.get(f"/api/runs/{slow}"))["status"] == "RUNNING")

    await eventually(running)
    found = await ali.get("/api/stats?hours=3")
    assert found["counts"] == {"QUEUED": 0, "RUNNING": 1, "WAITING": 0, "SUCCESS": 3, "FAILED": 1, "CANCELLED": 0}
    assert found["open"] == {"QUEUED": 0, "RUNNING": 1, "WAITING": 0}
    assert len(found["buckets"]) == found["hours"] == 3
    assert found["buckets"][0]["at"] == found["since"]
    starts = [datetime.fromisoformat(hour["at"]) for hour in found["buckets"]]
    assert [later - earlier for earlier, later in pairwise(starts)] == [timedelta(hours=1)] * 2
    assert (starts[0].minute, starts[0].second) == (0, 0)
    assert sum(hour["runs"] for hour in found["buckets"]) == 5
    assert sum(hour["failed"] for hour in found["buckets"]) == 1
    assert found["durationMs"]["of"] == 4
    assert 0 <= found["durationMs"]["p50"] <= found["durationMs"]["p95"]
    assert len((await ali.get("/api/stats"))["buckets"]) == 24
    eve = await server.person("eve")
    nothing = await eve.get("/api/stats?hours=168")
    assert (sum(nothing["counts"].values()), sum(nothing["open"].values())) == (0, 0)
    assert nothing["durationMs"] == {"of": 0, "p50": None, "p95": None}
    root = await server.person("root", Role.ADMIN)
    assert sum((await root.get("/api/stats?hours=3"))["counts"].values()) == 5


async def test_each_workflow_has_its_figures(server: Live, ali: Person) -> None:
    good, bad, idle = await ali.save(greet()), await ali.save(fail()), await ali.save(greet())
    await ali.run(good)
    newest = await ali.run(good)
    await ali.run(bad)
    found = await ali.get("/api/workflows/stats")
    assert list(found) == sorted((good, bad, idle), reverse=True)
    assert found[good] == {
        "lastRun": {name: newest[name] for name in ("id", "status", "createdAt", "finishedAt", "durationMs")},
        "runs7d": 2,
        "failed7d": 0,
    }
    assert (found[bad]["lastRun"]["status"], found[bad]["runs7d"], found[bad]["failed7d"]) == ("FAILED", 1, 1)
    assert found[idle] == {"lastRun": None, "runs7d": 0, "failed7d": 0}
    assert await ali.get(f"/api/workflows/stats?ids={bad},{UNKNOWN}") == {bad: found[bad]}
    many = ",".join([good] + [f"{number:036}" for number in range(199)])
    assert list(await ali.get(f"/api/workflows/stats?ids={many}")) == [good]
    eve = await server.person("eve")
    assert await eve.get("/api/workflows/stats") == {}
    assert await eve.get(f"/api/workflows/stats?ids={good}") == {}


@pytest.mark.parametrize(
    "query",
    [
        "stats?hours=0",
        "stats?hours=169",
        "stats?hours=x",
        "stats?days=1",
        "workflows/stats?ids=",
        f"workflows/stats?ids={','.join(str(n) for n in range(201))}",
        f"workflows/stats?ids={','.join('0' * 201)}",  # that they are the same makes no difference
    ],
)
async def test_questions_that_make_no_sense(ali: Person, query: str) -> None:
    answer = await ali.call("GET", f"/api/{query}")
    assert (answer.status, bool(answer.json["problems"][0]["field"])) == (422, True)


@pytest.mark.parametrize(
    ("took", "p50", "p95"),
    [([7], 7, 7), ([3, 1, 2], 2, 3), ([1, 2], 1, 2), (list(range(100, 0, -1)), 50, 95), ([0] * 19 + [9], 0, 0)],
)
def test_percentiles_are_values_that_occurred(took: list[int], p50: Any, p95: Any) -> None:
    assert durations(took) == {"of": len(took), "p50": p50, "p95": p95}
