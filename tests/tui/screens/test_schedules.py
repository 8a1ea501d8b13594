"""The list of schedules, key by key."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Static

from tests.tui.pressing import presses
from tests.tui.waiting import idle
from tests.tui.world import HOSTILE, World


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
        app.screen.reload()  # type: ignore[attr-defined]
        await idle(app)
        assert "paused: stock-taking" in _detail(app)
        assert "2 missed" in _detail(app)
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
