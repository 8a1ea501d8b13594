"""Cron runs: which ticks, how many runs, and what disturbs them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.errors import StoreBusy, StoreFull
from engine.models.run import FINISHED, RunRow
from engine.schedules.timetable import NEVER
from engine.store import ANYONE, RunFilter, ScheduleRow
from server.scheduler import Scheduler
from tests.server.live import Live, Person, eventually, fail, greet, live, sleep

MINUTE = 60_000
HOUR = 3_600_000


class Clock:
    """A clock that tests turn."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@asynccontextmanager
async def scheduled(directory: Path, cron: str, *steps: dict[str, Any], **more: Any) -> AsyncIterator[tuple[Live, str]]:
    """A server without a heartbeat, and a workflow with a schedule."""
    async with live(directory) as server:
        ali = await server.person("ali")
        yield server, await ali.save(*(steps or (greet(),)), scheduleCron=cron, **more)


async def runs(server: Live) -> list[RunRow]:
    return (await server.parts.store.runs.page(RunFilter(ANYONE), limit=200)).items


async def next_at(server: Live) -> int:
    (found,) = await server.parts.store.schedules.all(owner=ANYONE)
    return found.next_at


def scheduler(server: Live) -> Scheduler:
    return Scheduler(server.parts.engine, server.parts.store, room=server.parts.quotas.room_for)


async def test_one_run_per_tick(tmp_path: Path) -> None:
    """R8: a tick has one run, and the run says for which time it was made."""
    async with scheduled(tmp_path, "*/5 * * * *", timezone="Asia/Kathmandu") as (server, workflow_id):
        one = scheduler(server)
        first = await next_at(server)
        assert await one.tick(first - 1) == 0
        assert await one.tick(first) == 1
        assert await one.tick(first) == 0
        assert await one.tick(first + 1000) == 0
        assert await next_at(server) == first + 5 * MINUTE
        assert await one.tick(first + 5 * MINUTE) == 1
        found = await runs(server)
        assert sorted(run.scheduled_at or 0 for run in found) == [first, first + 5 * MINUTE]
        assert {run.workflow_id for run in found} == {workflow_id}
        ali = server.parts.tokens.issue((await server.parts.store.users.page(limit=1)).items[0])
        run = (await server.call("GET", f"/api/runs/{found[-1].id}", token=ali)).json
        assert run["trigger"]["kind"] == "cron"
        assert run["trigger"]["meta"]["timezone"] == "Asia/Kathmandu"


async def test_servers_that_race_for_a_tick_make_one_run(tmp_path: Path) -> None:
    """R8, row 15: the run's id is the tick, so the database decides."""
    async with scheduled(tmp_path, "* * * * *") as (server, _):
        due = await next_at(server)
        started = await asyncio.gather(*(scheduler(server).tick(due) for _ in range(5)))
        assert sum(started) == 1
        assert len(await runs(server)) == 1


async def test_a_crash_between_run_and_row_makes_no_second_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R8: who dies after starting the run and before moving the schedule on finds the run again."""
    async with scheduled(tmp_path, "* * * * *") as (server, _):
        due = await next_at(server)
        with monkeypatch.context() as patch:

            async def died(*args: object, **more: object) -> bool:
                raise StoreFull

            patch.setattr(server.parts.store.schedules, "advance", died)
            with pytest.raises(StoreFull):
                await scheduler(server).tick(due)
        assert await next_at(server) == due
        assert await scheduler(server).tick(due + 2000) == 0
        assert await next_at(server) == due + MINUTE
        assert len(await runs(server)) == 1


async def test_a_clock_that_is_set_back_repeats_nothing(tmp_path: Path) -> None:
    """R8, row 12: time that comes twice has its ticks once."""
    async with scheduled(tmp_path, "* * * * *") as (server, _):
        due = await next_at(server)
        for minute in range(3):
            await scheduler(server).tick(due + minute * MINUTE)
        for minute in range(-60, 3):
            assert await scheduler(server).tick(due + minute * MINUTE) == 0
        assert len(await runs(server)) == 3


async def test_after_a_long_sleep_there_is_no_burst(tmp_path: Path) -> None:
    """Rows 12 and 16: a suspended machine starts one run per schedule, not one per missed tick."""
    async with scheduled(tmp_path, "* * * * *") as (server, _):
        due = await next_at(server)
        assert await scheduler(server).tick(due + 300 * HOUR) == 1
        (run,) = await runs(server)
        assert run.scheduled_at == due + 300 * HOUR


async def test_a_tick_that_is_too_old_is_left_out(tmp_path: Path) -> None:
    """Row 16: a morning job is not run in the evening."""
    async with scheduled(tmp_path, "0 9 * * *") as (server, _):
        due = await next_at(server)
        assert await scheduler(server).tick(due + 8 * HOUR) == 0
        assert await next_at(server) == due + 24 * HOUR


async def test_what_is_off_or_gone_is_not_started(tmp_path: Path) -> None:
    async with scheduled(tmp_path, "* * * * *") as (server, workflow_id):
        due = await next_at(server)
        await server.parts.store.workflows.delete(workflow_id, owner=ANYONE)
        assert await scheduler(server).tick(due) == 0


async def test_many_schedules_at_the_same_minute(tmp_path: Path) -> None:
    async with live(tmp_path) as server:
        ali = await server.person("ali")
        await asyncio.gather(*(ali.save(greet(), scheduleCron="* * * * *") for _ in range(250)))
        due = max(found.next_at for found in await server.parts.store.schedules.all(owner=ANYONE))
        assert await scheduler(server).tick(due) == 250
        assert await scheduler(server).tick(due) == 0


async def test_a_full_disk_only_delays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 8: what cannot be written now is started when it can."""
    async with scheduled(tmp_path, "* * * * *") as (server, _):
        due = await next_at(server)
        with monkeypatch.context() as patch:

            async def full(*args: object, **more: object) -> str:
                raise StoreFull

            patch.setattr(server.parts.store.runs, "commit", full)
            with pytest.raises(StoreFull):
                await scheduler(server).tick(due)
        assert await scheduler(server).tick(due + 1000) == 1


async def test_one_broken_schedule_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with live(tmp_path) as server:
        ali = await server.person("ali")
        broken = await ali.save(greet(), scheduleCron="* * * * *")
        await ali.save(greet(), scheduleCron="* * * * *")
        due = max(found.next_at for found in await server.parts.store.schedules.all(owner=ANYONE))
        plans = server.parts.engine.plans
        known = plans.current

        async def current(workflow_id: str) -> Any:
            if workflow_id == broken:
                raise ZeroDivisionError
            return await known(workflow_id)

        monkeypatch.setattr(plans, "current", current)
        assert await scheduler(server).tick(due) == 1
        assert await scheduler(server).tick(due) == 0
        assert {found.next_at for found in await server.parts.store.schedules.all(owner=ANYONE)} == {due + MINUTE}


async def test_the_heartbeat_beats_in_real_time(tmp_path: Path) -> None:
    """R8: from the setting to the run, with aiocron and the real clock."""
    async with live(tmp_path, start_scheduler=True) as server:
        ali = await server.person("ali")
        await ali.save(fail(), scheduleCron="* * * * * *")

        async def two() -> Any:
            found = await runs(server)
            return found if len(found) >= 2 else None

        found = await eventually(two)
        times = [run.scheduled_at for run in found]
        assert len(set(times)) == len(times)


async def test_without_the_setting_nothing_beats(tmp_path: Path) -> None:
    async with live(tmp_path, start_scheduler=False) as server:
        assert server.parts.scheduler is None


async def test_stalls_ring_once(tmp_path: Path) -> None:
    """Row 12: a loop that stood still for seconds makes no burst of ticks."""
    ticks: list[int] = []

    class Counting(Scheduler):
        async def tick(self, now: int) -> int:
            ticks.append(now)
            return 0

    async with live(tmp_path) as server:
        clock = Clock(0)
        counting = Counting(server.parts.engine, server.parts.store, clock=clock)
        await counting.start()

        async def first() -> bool:
            return bool(ticks)

        await eventually(first)
        # The loop stands still on purpose: this is the fault under test.
        time.sleep(3.2)  # noqa: ASYNC251
        before, stood = len(ticks), time.monotonic()

        async def again() -> bool:
            return len(ticks) > before

        await eventually(again)
        assert len(ticks) - before <= 1 + (time.monotonic() - stood)
        await counting.stop()
        await counting.stop()


async def test_trouble_is_logged_when_it_begins_and_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 9: a store that is busy for a while costs two log lines, not one a second."""

    async def busy(*args: object, **more: object) -> list[ScheduleRow]:
        raise StoreBusy

    caplog.set_level("INFO", "flowdesk.scheduler")
    async with live(tmp_path) as server:
        one = scheduler(server)
        with monkeypatch.context() as patch:
            patch.setattr(server.parts.store.schedules, "due", busy)
            await one.beat()
            await one.beat()
        await one.beat()
        await one.beat()
    assert [record.levelname for record in caplog.records if record.name == "flowdesk.scheduler"] == ["ERROR", "INFO"]


async def test_a_person_sees_when_it_comes(ali: Person) -> None:
    await ali.save(greet(), scheduleCron="0 9 * * *", timezone="Europe/Berlin")
    (found,) = await ali.get("/api/schedules")
    assert found["timezone"] == "Europe/Berlin"
    hours = {datetime.fromisoformat(text).astimezone(ZoneInfo("Europe/Berlin")).hour for text in found["upcoming"]}
    assert hours == {9}


# -- overlap --------------------------------------------------------------------------------------------------------


def tick_step(**params: Any) -> dict[str, Any]:
    return {
        "id": "tick",
        "type": "TRIGGER",
        "ref": "schedule.cron",
        "next": "sleep",
        "params": {"cron": "* * * * *", "timezone": "UTC", **params},
    }


async def schedule_row(server: Live) -> ScheduleRow:
    (found,) = await server.parts.store.schedules.all(owner=ANYONE)
    return found


async def statuses(server: Live) -> list[str]:
    """Oldest scheduled time first."""
    found = sorted(await runs(server), key=lambda run: run.scheduled_at or 0)
    return ["done" if run.status in FINISHED and run.status != "CANCELLED" else run.status.value for run in found]


@asynccontextmanager
async def slow(directory: Path, **params: Any) -> AsyncIterator[tuple[Live, Person, str, int]]:
    """A workflow whose runs take a minute, started by a schedule every minute; its first time."""
    async with live(directory) as server:
        ali = await server.person("ali")
        workflow_id = await ali.save(tick_step(**params), sleep())
        yield server, ali, workflow_id, await next_at(server)


async def end(server: Live, ali: Person, number: int = 0) -> None:
    """Cancel the run of the schedule's so-and-so-many-th time."""
    found = sorted(await runs(server), key=lambda run: run.scheduled_at or 0)
    assert (await ali.call("POST", f"/api/runs/{found[number].id}/cancel")).status == 202


async def test_by_default_a_run_under_way_leaves_the_next_time_out(tmp_path: Path) -> None:
    """Row 17: skip; what was left out is counted and shown."""
    async with slow(tmp_path) as (server, ali, _workflow_id, due):
        one = scheduler(server)
        assert [await one.tick(due + n * MINUTE) for n in range(3)] == [1, 0, 0]
        (shown,) = await ali.get("/api/schedules")
        assert (shown["skipped"], shown["missed"], shown["overlap"]) == (2, 0, "skip")
        assert shown["lastRunId"] == (await runs(server))[0].id
        await end(server, ali)
        assert await one.tick(due + 3 * MINUTE) == 1


async def test_times_are_queued_and_run_one_after_another(tmp_path: Path) -> None:
    """Row 17: queue; no more wait than `maxCatchUp` allows."""
    async with slow(tmp_path, overlap="queue", maxCatchUp=2) as (server, ali, _workflow_id, due):
        one = scheduler(server)
        assert [await one.tick(due + n * MINUTE) for n in range(4)] == [1, 0, 0, 0]
        (shown,) = await ali.get("/api/schedules")
        assert (shown["waiting"], shown["skipped"]) == (2, 1)
        now = due + 3 * MINUTE + 5000
        for number in range(2):
            await end(server, ali, number)
            assert await one.tick(now) == 1
            now += 1000
        times = sorted((run.scheduled_at or 0) - due for run in await runs(server))
        assert times == [0, 2 * MINUTE, 3 * MINUTE]


async def test_runs_may_overlap(tmp_path: Path) -> None:
    """Row 17: parallel."""
    async with slow(tmp_path, overlap="parallel") as (server, _ali, _workflow_id, due):
        one = scheduler(server)
        assert [await one.tick(due + n * MINUTE) for n in range(3)] == [1, 1, 1]


async def test_the_run_before_is_cancelled(tmp_path: Path) -> None:
    """Row 17: cancel the one before."""
    async with slow(tmp_path, overlap="cancelPrevious") as (server, _ali, _workflow_id, due):
        one = scheduler(server)
        assert [await one.tick(due + n * MINUTE) for n in range(3)] == [1, 1, 1]
        found = await statuses(server)
        assert found[:2] == ["CANCELLED", "CANCELLED"]
        assert found[2] not in ("CANCELLED", "done")


# -- outages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "run"),
    [
        ({"misfire": "skip"}, 0),
        ({}, 1),
        ({"misfire": "all", "graceMs": 86_400_000, "maxCatchUp": 5, "overlap": "parallel"}, 5),
    ],
)
async def test_an_outage(tmp_path: Path, params: dict[str, Any], run: int) -> None:
    """Row 16, R8: a server that was away for ten hours makes up for what its policy says, and once."""
    async with slow(tmp_path, **{"cron": "0 * * * *", **params}) as (server, ali, _workflow_id, due):
        back = due + 9 * HOUR + 30 * MINUTE
        assert await scheduler(server).tick(back) == run
        assert await scheduler(server).tick(back) == 0
        (shown,) = await ali.get("/api/schedules")
        assert shown["missed"] == 10 - run


async def test_several_kinds_of_schedules_in_one_workflow(tmp_path: Path) -> None:
    async with live(tmp_path) as server:
        ali = await server.person("ali")
        every = {**tick_step(), "id": "often", "ref": "schedule.interval", "params": {"every": "10m"}, "next": "greet"}
        once = {
            **tick_step(),
            "id": "once",
            "ref": "schedule.at",
            "params": {"at": "2030-01-01T00:00"},
            "next": "greet",
        }
        tick = {**tick_step(), "next": "greet"}
        await ali.save(tick, every, once, greet(), scheduleCron="0 0 * * *", timezone="Europe/Berlin")
        at = round(datetime(2029, 12, 31, 23, tzinfo=ZoneInfo("UTC")).timestamp() * 1000)
        await scheduler(server).tick(at)
        assert {run.scheduled_at for run in await runs(server)} == {at}
        assert len(await runs(server)) == 4
        shown = {row["scheduleId"]: row for row in await ali.get("/api/schedules")}
        assert (shown["step:once"]["kind"], shown["step:often"]["words"]) == ("at", "every 10m")
        (row,) = [r for r in await server.parts.store.schedules.all(owner=ANYONE) if r.schedule_id == "step:once"]
        assert row.next_at == NEVER
