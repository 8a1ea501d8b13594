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
from engine.models.run import RunRow
from engine.store import ANYONE, RunFilter, ScheduleRow
from server.saving import NEVER
from server.scheduler import GRACE_MS, Due, Scheduler, plan_tick
from tests.server.live import Live, Person, eventually, fail, greet, live

MINUTE = 60_000
HOUR = 3_600_000


def at(text: str, zone: str = "UTC") -> int:
    """Milliseconds of a local time."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def row(cron: str, next_at: int, zone: str = "UTC") -> ScheduleRow:
    return ScheduleRow("w", "cron", cron, zone, next_at)


NINE = at("2026-11-23T09:00")
LEAP = at("2028-02-29T00:00")


@pytest.mark.parametrize(
    ("cron", "due", "now", "expected"),
    [
        ("0 9 * * *", NINE, NINE, Due(NINE, NINE + 24 * HOUR)),
        ("0 9 * * *", NINE, NINE + 900, Due(NINE, NINE + 24 * HOUR)),
        ("0 9 * * *", NINE, NINE + GRACE_MS, Due(NINE, NINE + 24 * HOUR)),
        ("0 9 * * *", NINE, NINE + GRACE_MS + 1, Due(None, NINE + 24 * HOUR)),
        ("0 9 * * *", NINE, NINE + 72 * HOUR + MINUTE, Due(NINE + 72 * HOUR, NINE + 96 * HOUR)),
        ("* * * * *", NINE, NINE + 90 * MINUTE + 5, Due(NINE + 90 * MINUTE, NINE + 91 * MINUTE)),
        ("* * * * *", NINE, NINE + 999 * HOUR, Due(NINE + 999 * HOUR, NINE + 999 * HOUR + MINUTE)),
        ("*/7 * * * *", NINE, NINE + 20 * MINUTE, Due(NINE + 14 * MINUTE, NINE + 21 * MINUTE)),
        ("* * * * * *", NINE, NINE + 10 * HOUR + 500, Due(NINE + 10 * HOUR, NINE + 10 * HOUR + 1000)),
        ("0 0 29 2 *", LEAP, LEAP, Due(LEAP, at("2032-02-29T00:00"))),
    ],
)
def test_of_all_missed_ticks_only_the_latest_and_only_in_time(cron: str, due: int, now: int, expected: Due) -> None:
    """R8, rows 12 and 16: a server that was away or a clock that jumped makes up for one tick at most."""
    assert plan_tick(row(cron, due), now) == expected


def test_a_tick_before_the_schedule_existed_is_not_made_up() -> None:
    later = NINE + 30 * MINUTE
    assert plan_tick(row("*/10 * * * *", later), later + 5).scheduled_at == later
    assert plan_tick(row("0 9 * * *", NINE + 24 * HOUR), NINE + HOUR).scheduled_at is None


@pytest.mark.parametrize(
    ("zone", "before", "tick"),
    [
        ("America/New_York", "2026-03-08T01:00", "2026-03-08T03:00"),
        ("Europe/London", "2026-03-29T00:00", "2026-03-29T02:00"),
        ("Australia/Lord_Howe", "2026-10-04T01:00", "2026-10-04T02:30"),
    ],
)
def test_a_time_in_the_spring_gap_runs_right_after_it(zone: str, before: str, tick: str) -> None:
    """Row 13: the Debian rule, through the planner."""
    gap = {"America/New_York": "30 2 * * *", "Europe/London": "30 1 * * *", "Australia/Lord_Howe": "10 2 * * *"}[zone]
    due = plan_tick(row(gap, at(before, zone), zone), at(before, zone))
    assert due.next_at == at(tick, zone)


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
    return Scheduler(server.parts.engine, server.parts.store)


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


def test_a_schedule_that_ended_sleeps_for_ever() -> None:
    assert at("9999-12-31T23:59:59") == NEVER


async def test_a_person_sees_when_it_comes(ali: Person) -> None:
    await ali.save(greet(), scheduleCron="0 9 * * *", timezone="Europe/Berlin")
    (found,) = await ali.get("/api/schedules")
    assert found["timezone"] == "Europe/Berlin"
    hours = {datetime.fromisoformat(text).astimezone(ZoneInfo("Europe/Berlin")).hour for text in found["upcoming"]}
    assert hours == {9}
