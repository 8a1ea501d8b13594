"""Schedules as people steer them: pause, resume, backfill, preview, calendars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.clock import iso, now_ms
from tests.server.live import Person, sleep
from tests.server.test_scheduler import HOUR, MINUTE, end, runs, schedule_row, scheduler, slow, tick_step

FAR_AWAY = ("0001-01-01T00:00:00Z", "1899-12-31T00:00:00Z", "9001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00")


@pytest.mark.parametrize("at", FAR_AWAY)
async def test_times_that_no_calendar_can_say_are_refused(ali: Person, at: str) -> None:
    """Row 14: at save and in every window, with field and cure; one that was saved made all lists fail."""
    tick = {"id": "tick", "type": "TRIGGER", "ref": "schedule.at", "params": {"at": at}, "next": "sleep"}
    cron = {**tick, "ref": "schedule.cron", "params": {"cron": "@daily", "endAt": at}}
    answers = {
        "params.endAt": await ali.call("POST", "/api/workflows", {"name": "w", "steps": [cron, sleep()]}),
        "params.at": await ali.call("POST", "/api/workflows", {"name": "w", "steps": [tick, sleep()]}),
        "at": await ali.call("POST", "/api/schedules/preview", {"at": at}),
        "from": await ali.call("POST", "/api/schedules/preview", {"cron": "@daily", "from": at}),
        "to": await ali.call("POST", "/api/schedules/preview", {"cron": "@daily", "to": at}),
        "since": await ali.call("GET", f"/api/runs?since={at}"),
    }
    for field, answer in answers.items():
        assert answer.status == 422, (field, answer.body)
        problem = answer.json["problems"][0]
        assert (problem["field"], problem["message"]) == (field, "write a time between the years 1900 and 9000")


@pytest.mark.parametrize("at", ["1900-01-01T00:00:00Z", "9000-12-31T23:59:59Z"])
@pytest.mark.parametrize("timezone", ["America/New_York", "Pacific/Kiritimati"])
async def test_any_other_window_can_be_seen(ali: Person, at: str, timezone: str) -> None:
    for kind in ({"cron": "@daily"}, {"every": "1h"}, {"at": at}):
        answer = await ali.call("POST", "/api/schedules/preview", {**kind, "from": at, "timezone": timezone})
        assert answer.status == 200, answer.body


# -- pause, resume, backfill ----------------------------------------------------------------------------------------


async def test_a_pause_outlives_a_save_and_ends_without_a_burst(tmp_path: Path) -> None:
    async with slow(tmp_path, overlap="parallel") as (server, ali, workflow_id, due):
        path = f"/api/workflows/{workflow_id}/schedules/step:tick"
        answer = await ali.call("POST", f"{path}/pause", {"reason": "stock-taking"})
        assert (answer.status, answer.json["state"], answer.json["nextAt"]) == (200, "paused", None)
        assert (answer.json["pauseReason"], answer.json["pausedBy"]) == ("stock-taking", ali.user.id)
        document = await ali.get(f"/api/workflows/{workflow_id}")
        document["steps"][0]["params"]["cron"] = "*/2 * * * *"
        assert (await ali.call("PUT", f"/api/workflows/{workflow_id}", document)).status == 200
        assert (await ali.get(path))["state"] == "paused"
        assert await scheduler(server).tick(due + HOUR) == 0
        resumed = (await ali.call("POST", f"{path}/resume")).json
        assert (resumed["state"], resumed["pausedAt"], resumed["missed"]) == ("active", None, 0)
        assert (await schedule_row(server)).next_at > due - MINUTE
        assert await scheduler(server).tick((await schedule_row(server)).next_at) == 1


async def test_a_backfill_runs_each_time_of_the_window_once(tmp_path: Path) -> None:
    """R8: a time that had its run keeps that one; the others run as `overlap` lets them."""
    async with slow(tmp_path, cron="0 0 1 1 *", overlap="queue") as (server, ali, workflow_id, _due):
        path = f"/api/workflows/{workflow_id}/schedules/tick/backfill"
        window = {"from": "2020-01-01T00:00:00Z", "to": "2022-06-01T00:00:00Z"}
        for _ in range(2):
            answer = await ali.call("POST", path, window)
            assert (answer.status, answer.json["waiting"]) == (202, 3)
        one, now = scheduler(server), now_ms()
        assert await one.tick(now) == 1
        assert await one.tick(now + 1000) == 0
        for number in range(2):
            await end(server, ali, number)
            assert await one.tick(now + 10_000 + number * 2000) == 1
        await end(server, ali, 2)
        again = await ali.call("POST", path, window)
        assert again.json["waiting"] == 3
        assert await one.tick(now + 20_000) == 0
        found = await runs(server)
        assert sorted(iso(run.scheduled_at or 0)[:10] for run in found) == ["2020-01-01", "2021-01-01", "2022-01-01"]
        shown = await ali.get(f"/api/runs/{found[0].id}")
        assert shown["trigger"]["meta"]["backfill"] is True


async def test_what_cannot_be_done_to_a_schedule_is_refused(ali: Person) -> None:
    """Row 14: with field and cure."""
    workflow_id = await ali.save(tick_step(), sleep())
    path = f"/api/workflows/{workflow_id}/schedules"
    good = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T01:00:00Z"}
    for body, code, field in (
        ({"from": good["to"], "to": good["from"]}, "backfill_window", "to"),
        ({**good, "to": "2126-01-01T00:00:00Z"}, "backfill_window", "to"),
        ({**good, "to": "2026-02-01T00:00:00Z"}, "backfill_window", "to"),
        ({"from": "2026-01-01T00:00:01Z", "to": "2026-01-01T00:00:02Z"}, "backfill_window", "from"),
        ({}, "invalid", "from"),
    ):
        answer = await ali.call("POST", f"{path}/tick/backfill", body)
        assert (answer.status, answer.code, answer.json["problems"][0]["field"]) == (422, code, field)
    assert (await ali.call("GET", f"{path}/nope")).status == 404
    await ali.call("POST", f"{path}/tick/pause")
    paused = await ali.call("POST", f"{path}/tick/backfill", good)
    assert (paused.status, paused.code) == (409, "schedule_paused")


# -- preview --------------------------------------------------------------------------------------------------------


async def test_a_preview_of_any_window(ali: Person) -> None:
    """Row 13: gaps are marked, changes of the clocks told, outages simulated."""
    wanted = {"cron": "30 2 * * *", "timezone": "Europe/Berlin", "from": "2026-03-28T00:00:00Z", "limit": 2}
    answer = await ali.call("POST", "/api/schedules/preview", wanted)
    assert answer.status == 200, answer.json
    found = answer.json
    assert (found["words"], found["timezone"], found["more"]) == ("daily at 02:30", "Europe/Berlin", True)
    assert [(one["local"], one["note"]) for one in found["times"]] == [
        ("2026-03-28T02:30:00+01:00", None),
        ("2026-03-29T03:00:00+02:00", "gap"),
    ]
    assert [(one["kind"], one["minutes"]) for one in found["clockChanges"]] == [("gap", 60)]
    assert [one["lasted"] for one in found["outages"]] == ["5m", "2h", "1d"]
    workflow_id = await ali.save(tick_step(cron="0 9 * * *"), sleep())
    window = "from=2020-01-01T00:00:00Z&to=2020-01-03T00:00:00Z"
    saved = await ali.get(f"/api/workflows/{workflow_id}/schedules/tick/preview?{window}")
    assert [one["at"] for one in saved["times"]] == ["2020-01-01T09:00:00.000Z", "2020-01-02T09:00:00.000Z"]
    assert saved["more"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"cron": "* * * * *", "every": "5m"}, None),
        ({"cron": "61 * * * *"}, "cron"),
        ({"every": "soon"}, "every"),
        ({"cron": "@daily", "timezone": "Mars/Olympus"}, "timezone"),
        ({"cron": "@daily", "excluded": ["someday"]}, "excluded[0]"),
        ({"cron": "@daily", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "to"),
        ({"cron": "@daily", "limit": 5000}, "limit"),
    ],
)
async def test_a_preview_that_makes_no_sense_is_refused(ali: Person, body: dict[str, Any], field: str | None) -> None:
    """Row 14."""
    answer = await ali.call("POST", "/api/schedules/preview", body)
    assert answer.status == 422
    assert answer.json["problems"][0].get("field") == field


async def test_calendars_are_part_of_the_document(ali: Person) -> None:
    """A bad entry, an unknown name and a delay that reaches the next start are refused with field and cure."""
    tick = tick_step(exclude=["holidays"], cron="0 9 * * *")
    body = {"name": "w", "steps": [tick, sleep()], "calendars": {"holidays": ["12-25", "someday"]}}
    answer = await ali.call("POST", "/api/workflows", body)
    assert [(one["field"], one["code"]) for one in answer.json["problems"]] == [("calendars.holidays[1]", "calendar")]
    answer = await ali.call("POST", "/api/workflows", {**body, "calendars": {"holiday": ["12-25"]}})
    (problem,) = answer.json["problems"]
    assert (problem["field"], problem["code"]) == ("params.exclude[0]", "unknown_calendar")
    assert "holiday" in problem["hint"]
    jittery = {**tick, "params": {**tick["params"], "cron": "* * * * *", "jitterMs": 60_000}}
    answer = await ali.call(
        "POST", "/api/workflows", {**body, "steps": [jittery, sleep()], "calendars": {"holidays": []}}
    )
    assert [one["field"] for one in answer.json["problems"]] == ["params.jitterMs"]
    good = await ali.call("POST", "/api/workflows", {**body, "calendars": {"holidays": ["12-25"]}})
    assert good.status == 201
    shown = await ali.get(f"/api/workflows/{good.json['id']}/schedules/tick/preview?from=2026-12-24T00:00:00Z&limit=2")
    assert [one["at"][:10] for one in shown["times"]] == ["2026-12-24", "2026-12-26"]
