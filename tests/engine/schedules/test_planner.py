"""Which times are run, missed or put off: the planner as a table, with no clock and no store."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from engine.schedules.durations import duration_text, parse_duration
from engine.schedules.params import AtParams, IntervalParams
from engine.schedules.planner import MOST_COUNTED, Agenda, Due, plan
from engine.schedules.rows import ScheduleRow, ScheduleState, carried
from engine.schedules.schedule import Schedule, resolve
from engine.schedules.timetable import NEVER, delayed, upcoming
from tests.engine.schedules.times import DAY, HOUR, MINUTE, NINE, SECOND, ms

LEAP = ms("2028-02-29T00:00")


def cron(text: str, **more: Any) -> Schedule:
    return Schedule("cron", text, more.pop("timezone", "UTC"), **more)


@pytest.mark.parametrize(
    ("expr", "due", "now", "started", "following"),
    [
        ("0 9 * * *", NINE, NINE, NINE, NINE + DAY),
        ("0 9 * * *", NINE, NINE + 900, NINE, NINE + DAY),
        ("0 9 * * *", NINE, NINE + HOUR, NINE, NINE + DAY),
        ("0 9 * * *", NINE, NINE + HOUR + 1, None, NINE + DAY),
        ("0 9 * * *", NINE, NINE + 3 * DAY + MINUTE, NINE + 3 * DAY, NINE + 4 * DAY),
        ("* * * * *", NINE, NINE + 90 * MINUTE + 5, NINE + 90 * MINUTE, NINE + 91 * MINUTE),
        ("* * * * *", NINE, NINE + 999 * HOUR, NINE + 999 * HOUR, NINE + 999 * HOUR + MINUTE),
        ("*/7 * * * *", NINE, NINE + 20 * MINUTE, NINE + 14 * MINUTE, NINE + 21 * MINUTE),
        ("* * * * * *", NINE, NINE + 10 * HOUR + 500, NINE + 10 * HOUR, NINE + 10 * HOUR + SECOND),
        ("0 0 29 2 *", LEAP, LEAP, LEAP, ms("2032-02-29T00:00")),
    ],
)
def test_of_all_missed_times_only_the_latest_and_only_in_time(
    expr: str, due: int, now: int, started: int | None, following: int
) -> None:
    """R8, rows 12 and 16: a server that was away or a clock that jumped makes up for one time at most."""
    found = plan(cron(expr), due - 1, now)
    assert (found.start, found.next_at) == (() if started is None else (started,), following)
    assert found.cursor == now


@pytest.mark.parametrize(
    ("more", "lasted", "started", "missed"),
    [
        ({"misfire": "skip"}, 9 * HOUR + 30 * MINUTE, [], 9),
        ({"misfire": "skip"}, 9 * HOUR + 40 * SECOND, [9], 8),
        ({"misfire": "latest"}, 9 * HOUR + 30 * MINUTE, [9], 8),
        ({"misfire": "latest", "grace_ms": 5 * MINUTE}, 9 * HOUR + 30 * MINUTE, [], 9),
        ({"misfire": "all"}, 9 * HOUR + 30 * MINUTE, [9], 8),
        ({"misfire": "all", "grace_ms": 4 * HOUR}, 9 * HOUR + 30 * MINUTE, [6, 7, 8, 9], 5),
        ({"misfire": "all", "grace_ms": DAY, "max_catch_up": 3}, 9 * HOUR + 30 * MINUTE, [7, 8, 9], 6),
        ({"misfire": "all", "grace_ms": DAY, "end_at": NINE + 5 * HOUR}, 9 * HOUR, [1, 2, 3, 4, 5], 0),
        ({"misfire": "all", "grace_ms": DAY, "start_at": NINE + 8 * HOUR}, 9 * HOUR, [8, 9], 0),
    ],
)
def test_an_outage_of_an_hourly_schedule(more: dict[str, Any], lasted: int, started: list[int], missed: int) -> None:
    """Row 16: what each policy makes of it; every time is either run or counted as missed."""
    found = plan(cron("0 * * * *", **more), NINE, NINE + lasted)
    assert [(at - NINE) // HOUR for at in found.start] == started
    assert found.missed == missed
    assert (found.missed_at is None) is (missed == 0)


def test_a_long_outage_of_a_quick_schedule_is_not_counted_to_its_end() -> None:
    """Row 16: a year of seconds costs no more than a hundred."""
    found = plan(cron("* * * * * *", misfire="all", max_catch_up=5), NINE, NINE + 365 * DAY)
    assert [at - NINE - 365 * DAY for at in found.start] == [-4000, -3000, -2000, -1000, 0]
    assert found.missed == MOST_COUNTED


def test_a_stall_of_seconds_is_no_outage() -> None:
    """Row 12: a beat that came late runs what it missed, whatever the policy."""
    found = plan(cron("* * * * * *", misfire="skip"), NINE, NINE + 3500)
    assert [at - NINE for at in found.start] == [1000, 2000, 3000]
    assert found.missed == 0


def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    """R8, row 12: what was decided stays decided."""
    schedule = cron("* * * * *")
    after = plan(schedule, NINE - 1, NINE + 5 * MINUTE)
    for now in range(NINE - HOUR, NINE + 5 * MINUTE, MINUTE):
        found = plan(schedule, after.cursor, now)
        assert found.start == ()
        assert found.cursor == after.cursor


@pytest.mark.parametrize(
    ("zone", "gap", "before", "tick"),
    [
        ("America/New_York", "30 2 * * *", "2026-03-08T01:00", "2026-03-08T03:00"),
        ("Europe/London", "30 1 * * *", "2026-03-29T00:00", "2026-03-29T02:00"),
        ("Australia/Lord_Howe", "10 2 * * *", "2026-10-04T01:00", "2026-10-04T02:30"),
    ],
)
def test_a_time_in_the_spring_gap_runs_right_after_it(zone: str, gap: str, before: str, tick: str) -> None:
    """Row 13: the Debian rule, through the planner."""
    start = ms(before, zone)
    assert plan(cron(gap, timezone=zone), start, start).next_at == ms(tick, zone)


@pytest.mark.parametrize("hours", range(24))
def test_an_outage_over_a_change_of_the_clocks(hours: int) -> None:
    """Rows 13 and 16: New York, 1 November: 01:30 is shown twice and runs once, however long nobody was there."""
    schedule = cron("30 1 * * *", timezone="America/New_York", misfire="all", grace_ms=2 * DAY)
    start = ms("2026-11-01T00:00", "America/New_York")
    found = plan(schedule, start, start + hours * HOUR)
    assert found.start == ((ms("2026-11-01T05:30"),) if hours >= 2 else ())


# -- jitter ---------------------------------------------------------------------------------------------------------


def test_jitter_delays_each_time_by_the_same_amount_everywhere() -> None:
    schedule = cron("0 * * * *", jitter_ms=10 * MINUTE)
    starts = {name: delayed(schedule, NINE, "w", name) - NINE for name in map(str, range(50))}
    assert all(0 <= delay <= 10 * MINUTE for delay in starts.values())
    assert len(set(starts.values())) > 40
    assert delayed(schedule, NINE, "w", "7") - NINE == starts["7"]
    assert delayed(schedule, NINE + HOUR, "w", "7") - NINE - HOUR != starts["7"]


def test_a_time_is_due_when_its_delay_is_over() -> None:
    schedule = cron("0 * * * *", jitter_ms=10 * MINUTE)
    start = delayed(schedule, NINE, "w", "s")
    assert NINE < start < NINE + 10 * MINUTE
    early = plan(schedule, NINE - MINUTE, start - 1, "w", "s")
    assert early == Due((), 0, None, NINE - 1, start)
    late = plan(schedule, early.cursor, start, "w", "s")
    assert late.start == (NINE,)
    assert late.next_at == delayed(schedule, NINE + HOUR, "w", "s")


# -- other kinds ----------------------------------------------------------------------------------------------------


def test_an_interval_is_real_time() -> None:
    """Row 13: two hours are two hours, also in the night the clocks are put back."""
    schedule = resolve(IntervalParams(every="2h"), "America/New_York", {})
    start = ms("2026-11-01T00:00", "America/New_York")
    found = [at for at, _ in zip(upcoming(schedule, start), range(6), strict=False)]
    assert {later - earlier for earlier, later in pairwise(found)} == {2 * HOUR}
    anchored = resolve(IntervalParams(every="7h", start_at="2026-11-23T09:00"), "UTC", {})
    assert [plan(anchored, NINE - 1, NINE).start, plan(anchored, NINE, NINE).next_at] == [(NINE,), NINE + 7 * HOUR]


def test_a_one_off_runs_once_and_is_over() -> None:
    params = AtParams(at=["2026-11-23T10:00", "2026-11-23T09:00+00:00", "2026-11-23T10:00"])
    schedule = resolve(params, "Europe/Berlin", {})
    assert schedule.times == (NINE,)
    assert plan(schedule, NINE - 5, NINE - 1).next_at == NINE
    assert plan(schedule, NINE - 1, NINE + 5) == Due((NINE,), 0, None, NINE + 5, NEVER)
    assert plan(schedule, NINE + 5, NINE + 5).start == ()


def test_a_one_off_in_a_gap_is_right_after_it() -> None:
    """Row 13."""
    schedule = resolve(AtParams(at="2026-03-29T02:30:15"), "Europe/Berlin", {})
    assert schedule.times == (ms("2026-03-29T01:00"),)


@pytest.mark.parametrize(("text", "span"), [("90s", 90_000), ("1h30m", 5_400_000), ("1w 1s", 604_801_000)])
def test_durations(text: str, span: int) -> None:
    assert parse_duration(text) == span
    assert parse_duration(duration_text(span)) == span


@pytest.mark.parametrize(
    "schedule",
    [
        cron("0 9 * * *"),
        cron("@daily", timezone="Asia/Kathmandu", jitter_ms=5, overlap="queue", excluded=("sat", "12-25")),
        Schedule("at", "x", "UTC", times=(1, 2), start_at=0, end_at=9),
    ],
)
def test_what_a_store_keeps_is_the_same_schedule(schedule: Schedule) -> None:
    assert Schedule.from_dict(schedule.to_dict()) == schedule


# -- overlap --------------------------------------------------------------------------------------------------------


def play(overlap: str, due: list[int], busy: list[bool], **more: Any) -> tuple[list[int], Agenda]:
    """What is handed out when the run before is under way or not, at each question."""
    agenda = Agenda(cron("* * * * *", overlap=overlap, max_catch_up=3), list(due), **more)
    found = []
    for answer in busy:
        at = agenda.next(busy=answer)
        if at is None:
            break
        found.append(at)
    agenda.close()
    return found, agenda


@pytest.mark.parametrize(
    ("overlap", "due", "busy", "started", "queued", "skipped"),
    [
        ("parallel", [1, 2], [True] * 9, [1, 2], [], []),
        ("skip", [1], [True] * 9, [], [], [1]),
        ("skip", [1, 2, 3], [False, True], [1], [], [2, 3]),
        ("skip", [1, 2, 3], [False] * 9, [1, 2, 3], [], []),
        ("queue", [1, 2], [True], [], [1, 2], []),
        ("queue", [1, 2], [False, True], [1], [2], []),
        ("queue", [1, 2, 3, 4, 5], [True], [], [3, 4, 5], [1, 2]),
        ("cancelPrevious", [1], [True] * 9, [1], [], []),
        ("cancelPrevious", [1, 2, 3], [True] * 9, [3], [], [1, 2]),
    ],
)
def test_overlap(
    overlap: str, due: list[int], busy: list[bool], started: list[int], queued: list[int], skipped: list[int]
) -> None:
    """Row 17: skip, queue, parallel and cancel the one before."""
    found, agenda = play(overlap, due, busy)
    assert (found, agenda.queued, agenda.skipped) == (started, queued, skipped)
    assert agenda.waits is bool(queued)


def test_what_is_owed_waits_for_room_and_is_never_skipped() -> None:
    for overlap in ("skip", "queue", "cancelPrevious"):
        found, agenda = play(overlap, [9], [False, True], owed=[1, 2])
        assert (found, agenda.owed) == ([9], [1, 2])
    found, agenda = play("skip", [], [False, True], owed=[1, 2])
    assert (found, agenda.owed) == ([1], [2])
    found, agenda = play("parallel", [9], [True] * 9, owed=[1, 2])
    assert found == [9, 1, 2]


@pytest.mark.parametrize(
    ("overlap", "due", "owed", "handed_out", "decided", "queued", "left"),
    [
        ("parallel", [5, 6], [], 1, 4, [], []),
        ("parallel", [5, 6], [], 2, 5, [], []),
        ("skip", [5, 6], [1], 1, 4, [], [1]),
        ("cancelPrevious", [5, 6], [], 1, 5, [], []),
        ("queue", [5, 6], [], 1, 9, [5, 6], []),
        ("parallel", [], [1, 2], 2, 9, [], [2]),
        ("parallel", [5], [1, 2], 2, 9, [], [1, 2]),
    ],
)
def test_what_finds_no_room_is_decided_about_later(
    overlap: str, due: list[int], owed: list[int], handed_out: int, decided: int, queued: list[int], left: list[int]
) -> None:
    """Row 66: nothing of it is lost; times that are not queued or owed come up again with the next look."""
    agenda = Agenda(cron("* * * * *", overlap=overlap, max_catch_up=3), list(due), owed=list(owed))
    times = [agenda.next(busy=False) for _ in range(handed_out)]
    assert times[-1] is not None
    agenda.hold(times[-1])
    agenda.close()
    assert (agenda.decided(9), agenda.queued, agenda.owed, agenda.held) == (decided, queued, left, times[-1])
    assert agenda.waits


# -- what outlives a save -------------------------------------------------------------------------------------------

STATE = ScheduleState(cursor=NINE, queued=(1,), last_run_id="r", missed=3)
ROW = ScheduleRow("w", "cron", cron("0 9 * * *"), NINE + DAY, state=STATE, rev=7)
SAVED = replace(ROW, next_at=NINE + 9, state=ScheduleState(cursor=NINE + 5), rev=0)


def test_a_save_that_leaves_a_schedule_as_it_is_leaves_its_clock() -> None:
    assert carried([ROW], [SAVED]) == [replace(ROW, rev=8)]
    assert carried([], [SAVED]) == [SAVED]
    assert carried([ROW], []) == []


def test_a_changed_schedule_begins_now_and_keeps_its_history() -> None:
    edited = replace(SAVED, schedule=cron("5 9 * * *"))
    (found,) = carried([ROW], [edited])
    assert found.state == replace(STATE, cursor=NINE + 5)
    assert (found.schedule, found.next_at, found.rev) == (edited.schedule, NINE + 5, 8)


def test_a_pause_outlives_every_save() -> None:
    paused = replace(ROW, next_at=NEVER, state=replace(STATE, paused_at=NINE))
    off = replace(SAVED, enabled=False, next_at=NEVER)
    edited = replace(SAVED, schedule=cron("5 9 * * *"))
    for saves in ([SAVED], [edited], [off, SAVED], [off, edited]):
        row = paused
        for saved in saves:
            (row,) = carried([row], [saved])
            assert (row.next_at, row.state.paused_at) == (NEVER, NINE)


def test_what_waits_is_forgotten_when_the_workflow_is_switched_off() -> None:
    off = replace(SAVED, enabled=False, next_at=NEVER)
    (found,) = carried([replace(ROW, state=replace(STATE, owed=(5,)))], [off])
    assert (found.next_at, found.state.queued, found.state.owed, found.state.missed) == (NEVER, (), (), 3)
