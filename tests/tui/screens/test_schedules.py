"""The list of schedules, key by key."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Input, Static

from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.times import TimesModal
from tests.tui.pressing import presses
from tests.tui.screen_text import screen_text, unsafe
from tests.tui.scripted import refuse
from tests.tui.waiting import idle, said, until
from tests.tui.world import HOSTILE, World, ago


def _detail(app: Any) -> str:
    return str(app.screen.query_one("#upcoming", Static).render())


def _rows(app: Any) -> list[list[str]]:
    table = app.screen.listing.table
    return [[cell.plain for cell in table.get_row(key)[1:]] for key in app.screen.listing.rows.shown]


@pytest.fixture
def world(world: World) -> World:
    """One schedule that is planned, one whose workflow is disabled."""
    gone: dict[str, Any] = {"workflowId": "wf_0005", "workflowName": "sleeper", "nextAt": None, "upcoming": []}
    written = {"cron": "*/5 * * * *", "words": "every 5 minutes", "state": "disabled"}
    world.schedules.append({**world.schedules[0], **gone, **written})
    return world


async def test_it_tells_when_in_words_and_the_next_five(world: World) -> None:
    async with world.shown("schedules") as (app, pilot):
        words = ["0 7 * * 1-5", "weekdays at 07:00", "Europe/Berlin", "", "Wed 25 13:04 CET in 1d"]
        assert _rows(app) == [
            ["✔", "daily-report", *words],
            ["‖", "sleeper", "*/5 * * * *", "every 5 minutes", "Europe/Berlin", "", "disabled"],
        ]
        assert _detail(app).count(" · ") == 4
        assert "Wed 25 13:04" in _detail(app), "the same time, in the schedule's zone"
        assert _detail(app).endswith("Europe/Berlin")
        await pilot.press("j")
        await idle(app)
        assert "disabled" in _detail(app)


@pytest.mark.parametrize(
    ("zone", "shown", "named"),
    [
        ("America/New_York", "Wed 25 07:04 EST in 1d", "America/New_York"),
        ("Pacific/Auckland", "Thu 26 01:04 NZDT in 1d", "Pacific/Auckland"),
        ("Moon/Crater", "Wed 25 12:04 in 1d", "not known here; these are this terminal's times"),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_next_and_the_next_five_are_in_the_zone_of_the_schedule(
    world: World, size: tuple[int, int], zone: str, shown: str, named: str
) -> None:
    world.schedules[0]["timezone"] = zone
    async with world.shown("schedules", size=size) as (app, _pilot):
        assert _rows(app)[0][-1] == shown
        assert " ".join(shown.split()[:3]) in _detail(app)
        assert _detail(app).endswith(named)


@presses("schedules.pause")
async def test_p_pauses_the_schedule_or_lets_it_go_on(world: World) -> None:
    for verb in ("pause", "resume"):
        world.http.on("POST", f"/api/workflows/{{}}/schedules/{{}}/{verb}", lambda r: world.schedules[0])
    async with world.shown("schedules") as (app, pilot):
        await pilot.press("p")
        await idle(app)
        world.schedules[0] |= {"state": "paused", "nextAt": None, "pauseReason": "stock-taking", "missed": 2}
        world.schedules[0] |= {"missedAt": ago(hours=1), "missedWhy": "quota", "heldAt": ago(minutes=1)}
        app.screen.reload()  # type: ignore[attr-defined]
        await idle(app)
        assert "paused: stock-taking" in _detail(app)
        assert "2 missed" in _detail(app)
        assert "no room for it in time · held back: the workspace's quota" in _detail(app).replace("\n", " ")
        await pilot.press("p")
        await idle(app)
        paths = [call.path for call in world.http.calls("POST")]
        assert paths == [f"/api/workflows/wf_0003/schedules/tick/{verb}" for verb in ("pause", "resume")]


@presses("schedules.run")
async def test_r_runs_it_now(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.http.on("POST", "/api/workflows/{}/execute", lambda _r: world.runs[0])
    async with world.shown("schedules") as (app, pilot):
        opened: list[Any] = []
        monkeypatch.setattr(app, "open_run", lambda run_id, **_more: opened.append(run_id))
        await pilot.press("r")
        await idle(app)
        assert world.http.calls("POST")[0].path == "/api/workflows/wf_0003/execute"
        assert opened == ["run_0001"]


@pytest.mark.parametrize("key", [pytest.param("e", marks=presses("schedules.edit")), "enter"])
async def test_it_opens_the_editor(world: World, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.schedules[0]["stepId"] = "tick"
    async with world.shown("schedules") as (app, pilot):
        opened: list[Any] = []
        monkeypatch.setattr(app, "open_editor", lambda workflow_id, *, step: opened.append((workflow_id, step)))
        await pilot.press(key)
        assert opened == [("wf_0003", "tick")]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_hostile_and_empty(world: World, size: tuple[int, int]) -> None:
    world.schedules[0] |= {"workflowName": HOSTILE, "cron": HOSTILE, "words": HOSTILE, "timezone": HOSTILE}
    async with world.shown("schedules", size=size) as (app, _pilot):
        assert "\x1b" not in _detail(app) + str(_rows(app))
        world.schedules.clear()
        world.workflows.clear()
        app.screen.reload()  # type: ignore[attr-defined]
        await idle(app)
        assert app.screen.listing.has_class("-empty")  # type: ignore[attr-defined]


def times(*local: str, more: bool = False) -> dict[str, Any]:
    """What the server tells of the times in a window."""
    found = [{"at": f"{at}Z", "local": f"{at}+01:00", "note": None} for at in local]
    words = {"words": f"weekdays {HOSTILE}", "timezone": "Europe/Berlin"}
    return {**words, "times": found, "more": more, "clockChanges": [], "outages": []}


def windows(world: World) -> list[tuple[str | None, str | None]]:
    """The windows that were asked for."""
    asked = [call.query for call in world.http.calls("GET") if call.path.endswith("/preview")]
    return [(query.get("from"), query.get("to")) for query in asked]


@presses("schedules.times", "TimesModal/escape")
async def test_t_shows_the_times_of_any_window_in_the_zone_of_the_schedule(world: World) -> None:
    world.http.on("GET", "/api/workflows/{}/schedules/{}/preview", lambda _r: times("2026-11-25T07:00:00"))
    async with world.shown("schedules") as (app, pilot):
        await pilot.press("t")
        await until(lambda: "Wed 2026-11-25 07:00:00 +0100" in screen_text(app), "the times")
        assert unsafe(screen_text(app)) == set()
        await pilot.press("tab", *"soon")
        await until(lambda: "'soon' is no moment" in screen_text(app), "what is wrong")
        app.screen.query_one("#until", Input).value = "2026-12-24 10:00"
        await until(lambda: (windows(world) or [("", "")])[-1][1] == "2026-12-24T10:00:00+01:00", "the other window")
        await pilot.press("enter")
        await idle(app)
        assert world.http.calls("POST") == [], "it is only looked at"
        await pilot.press("escape")
        assert not app.screen.is_modal


@presses("schedules.backfill")
async def test_b_shows_past_times_and_runs_them_or_says_why_not(world: World) -> None:
    world.http.on("GET", "/api/workflows/{}/schedules/{}/preview", lambda _r: times("2026-11-24T07:00:00"))
    owed: list[Any] = []

    def backfill(request: Any) -> Any:
        owed.append(request.body)
        if len(owed) == 1:
            raise refuse(422, "backfill_window", "it reaches into the future")
        return {**world.schedules[0], "waiting": 1}

    world.http.on("POST", "/api/workflows/{}/schedules/{}/backfill", backfill)
    async with world.shown("schedules", toasts=True) as (app, pilot):
        await pilot.press("b")
        await until(lambda: "1 in this window; those that had a run are left out" in screen_text(app), "the times")
        await pilot.press("enter")
        await until(lambda: "it reaches into the future" in screen_text(app), "the refusal")
        assert app.screen.query_one("#since", Input).value == "1d ago", "what was typed stays"
        await pilot.press("enter")
        await until(lambda: said(app), "what was done")
        assert said(app) == ["daily-report: 1 waiting to run"]
        assert owed[1]["from"] < owed[1]["to"]


async def test_many_runs_are_not_begun_by_a_mere_enter(world: World) -> None:
    found = times("2026-11-24T07:00:00", more=True)
    world.http.on("GET", "/api/workflows/{}/schedules/{}/preview", lambda _r: found)
    async with world.shown("schedules") as (app, pilot):
        await pilot.press("b")
        await until(lambda: "1 or more in this window" in screen_text(app), "the times")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, TimesModal), "the way back")
        assert world.http.calls("POST") == []
