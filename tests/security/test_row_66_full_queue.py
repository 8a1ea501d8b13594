"""Rows 16, 20, 66: what a full queue means for what nobody sends: schedules, backfills and called runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.models.run import Role, RunStatus
from engine.store import ANYONE, RunFilter, ScheduleRow
from server.quotas import BELIEVED_S
from tests.security.test_row_66_quotas import Watch, limit, refused
from tests.server.live import Live, Person, action, eventually, greet, live, sleep, webhook
from tests.server.test_scheduler import HOUR, MINUTE, schedule_row, scheduler, tick_step

SECOND = 1000


@asynccontextmanager
async def full(directory: Path, **params: Any) -> AsyncIterator[tuple[Live, Person, int]]:
    """Somebody whose queue of two is full of webhooks, and their schedule of every minute; its first time."""
    async with live(directory, max_concurrent_runs=1) as server:
        ali, admin = await server.person("ali"), await server.person("root", Role.ADMIN)
        server.parts.quotas._monotonic = Watch()
        await limit(admin, ali.user.id, queued=2)
        await ali.save(tick_step(**params), sleep(), name="timed")
        flood = await ali.save(webhook("sleep"), sleep())
        for _ in range(2):
            assert (await server.call("POST", f"/api/hooks/{flood}", {})).status == 202
        refused(await server.call("POST", f"/api/hooks/{flood}", {}), 429, "queued")
        yield server, ali, (await schedule_row(server)).next_at


async def clear(server: Live, ali: Person) -> None:
    """Make room, and let a second pass. The oldest goes first: those behind it end once it is their turn."""
    for run in reversed(await ali.get("/api/runs")):
        await ali.call("POST", f"/api/runs/{run['id']}/cancel", {})

    async def empty() -> bool:
        return await server.parts.store.figures.count(ali.user.id, "queued", most=9) == 0

    assert await eventually(empty)
    watch = server.parts.quotas._monotonic
    assert isinstance(watch, Watch)
    watch.now += BELIEVED_S


async def timed(server: Live) -> list[int]:
    """The times that have runs."""
    found = (await server.parts.store.runs.page(RunFilter(ANYONE), limit=50)).items
    return sorted(run.scheduled_at for run in found if run.scheduled_at is not None)


async def shown(ali: Person) -> dict[str, Any]:
    (found,) = await ali.get("/api/schedules")
    return dict(found)


async def test_a_time_waits_for_room_and_runs_as_soon_as_there_is_some(tmp_path: Path) -> None:
    """Rows 16, 66: said while it waits, and nothing of it is left behind."""
    async with full(tmp_path) as (server, ali, due):
        one = scheduler(server)
        assert [await one.tick(due + n * SECOND) for n in range(3)] == [0, 0, 0]
        held = await shown(ali)
        assert held["heldAt"] is not None
        assert (held["missed"], held["skipped"], held["missedWhy"]) == (0, 0, None)
        await clear(server, ali)
        assert await one.tick(due + 3 * SECOND) == 1
        assert await timed(server) == [due]
        after = await shown(ali)
        assert (after["heldAt"], after["missed"], after["skipped"]) == (None, 0, 0)


async def test_what_waits_too_long_is_missed_and_says_why(tmp_path: Path) -> None:
    """Rows 16, 66: as the misfire policy has it, never silently; the run before is not cancelled for one that waits."""
    async with full(tmp_path, overlap="cancelPrevious", graceMs=HOUR) as (server, ali, due):
        one = scheduler(server)
        assert [await one.tick(due + n * MINUTE) for n in range(3)] == [0, 0, 0]
        held = await shown(ali)
        assert (held["missed"], held["missedWhy"]) == (2, "quota")
        assert held["heldAt"] is not None
        await clear(server, ali)
        assert await one.tick(due + 2 * MINUTE + SECOND) == 1
        assert await timed(server) == [due + 2 * MINUTE]
        after = await shown(ali)
        assert (after["missed"], after["missedWhy"], after["heldAt"]) == (2, "quota", None)


async def test_a_run_that_is_there_already_is_found_in_spite_of_the_quota(tmp_path: Path) -> None:
    """R8: who died after starting the run and before moving the schedule on has used the room up by itself."""
    async with full(tmp_path) as (server, ali, due):
        await clear(server, ali)
        before = await schedule_row(server)
        one = scheduler(server)
        assert await one.tick(due) == 1
        await rewound(server, before)
        await limit(await server.person("root2", Role.ADMIN), ali.user.id, queued=1)
        assert await one.tick(due) == 0
        after = await shown(ali)
        assert (after["heldAt"], after["missed"]) == (None, 0)
        assert await timed(server) == [due]


async def rewound(server: Live, before: ScheduleRow) -> None:
    """Have the schedule as it was before."""
    now = await schedule_row(server)
    assert await server.parts.store.schedules.advance(now, next_at=before.next_at, state=before.state)


@pytest.mark.parametrize("overlap", ["parallel", "queue"])
async def test_a_backfill_is_refused_or_kept_to_its_end(tmp_path: Path, overlap: str) -> None:
    """Row 66: refused while the queue is full; what was accepted runs as room comes, and none of it is lost."""
    async with full(tmp_path, cron="0 0 1 1 *", overlap=overlap) as (server, ali, due):
        workflow = (await shown(ali))["workflowId"]
        path = f"/api/workflows/{workflow}/schedules/tick/backfill"
        window = {"from": "2020-01-01T00:00:00Z", "to": "2023-06-01T00:00:00Z"}
        refused(await ali.call("POST", path, window), 429, "queued")
        assert (await shown(ali))["waiting"] == 0
        await clear(server, ali)
        assert (await ali.call("POST", path, window)).json["waiting"] == 4
        one, now, begun = scheduler(server), due - 300 * HOUR, 0
        for _ in range(6):
            begun += await one.tick(now)
            now += 2 * SECOND
            assert (begun == 4) or (await shown(ali))["waiting"] == 4 - begun
            await clear(server, ali)
        assert len(await timed(server)) == 4
        assert (await shown(ali))["missed"] == 0


async def test_called_runs_are_not_held_back(tmp_path: Path) -> None:
    """Row 66: what has begun must be able to end, also while nothing more may begin in its workspace."""
    async with live(tmp_path) as server:
        ali, admin = await server.person("ali"), await server.person("root", Role.ADMIN)
        server.parts.quotas._monotonic = Watch()
        await limit(admin, ali.user.id, queued=1)
        manual = {"id": "m", "type": "TRIGGER", "ref": "manual"}
        called = await ali.save({**manual, "next": "nap"}, sleep("nap", ms=1))
        loop = action("each", "flow.foreach", params={"items": [1, 2, 3], "workflow": called, "concurrency": 3})
        caller = await ali.start(await ali.save({**manual, "next": "each"}, loop))
        flood = await ali.save(webhook("greet"), greet())
        refused(await server.call("POST", f"/api/hooks/{flood}", {}), 429, "queued")

        async def ended() -> bool:
            return bool((await ali.get(f"/api/runs/{caller}"))["finishedAt"])

        assert await eventually(ended)
        assert (await ali.get(f"/api/runs/{caller}"))["status"] == RunStatus.SUCCESS
        assert len([run for run in await ali.get("/api/runs?limit=50") if run["workflowId"] == called]) == 3
