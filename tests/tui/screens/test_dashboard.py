"""The dashboard, pane by pane."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Static

from flowdesk.tui.modals.decide import DecideModal
from flowdesk.tui.widgets.listing import Listing
from tests.tui.pressing import presses
from tests.tui.screen_text import screen_text
from tests.tui.screens.run.test_steering import asked_run
from tests.tui.scripted import refuse
from tests.tui.waiting import idle, until
from tests.tui.world import HOSTILE, World, run


def _rows(app: Any, name: str) -> list[str]:
    pane = next(pane for pane in app.screen.query(Listing) if pane.name == name)
    return [" ".join(filter(None, (cell.plain.strip() for cell in pane.table.get_row(key)))) for key in pane.rows.shown]


async def test_failures_come_first_then_who_is_waited_for(world: World) -> None:
    async with world.shown() as (app, _pilot):
        assert _rows(app, "needs") == [
            "✖ order-intake 1m send: the partner answered 500",
            "◷ order-intake 3m tries again in 41s",
        ]
        assert _rows(app, "running") == ["● order-intake ▓▓▓▓░░ 4/5 1m send"]
        assert _rows(app, "next") == ["Wed 25 12:04 daily-report in 1d"]
        day = str(app.screen.query_one("#day", Static).render())
        assert "runs 312" in day
        assert "queue 3   workers 1" in day
        assert "p95 4.2 s" in day


async def test_a_run_that_asks_while_it_works_needs_somebody_and_is_running(world: World) -> None:
    world.runs[0]["waitingFor"] = "approval"
    async with world.shown() as (app, _pilot):
        assert _rows(app, "needs")[1:] == [
            "● order-intake 1m asks for approval",
            "◷ order-intake 3m tries again in 41s",
        ]
        assert _rows(app, "running") == ["● order-intake ▓▓▓▓░░ 4/5 1m send"]


async def test_progress_follows_the_events_without_asking(world: World) -> None:
    async with world.shown() as (app, _pilot):
        before = len(world.http.asked)
        world.happens("run_0001", "step.succeeded", stepId="send")
        await until(lambda: app.screen._progress["run_0001"].done >= {"send"}, "the event")  # type: ignore[attr-defined]
        app.screen._tick()  # type: ignore[attr-defined]
        assert "5/5" in _rows(app, "running")[0]
        assert len(world.http.asked) == before
        world.runs[0]["status"] = "FAILED"
        world.happens("run_0001", "run.failed")
        await until(lambda: len(_rows(app, "needs")) == 3, "the failure")


async def test_failures_at_the_same_step_are_one_row_with_their_number(world: World) -> None:
    """A workflow that fails all day must not push everything else out of sight."""
    wf = world.workflows[0]
    world.runs += [run(n, wf, "FAILED") for n in range(20, 31)]
    world.runs.append(run(40, wf, "FAILED", error={"code": "x", "message": "another place", "stepId": "ask"}))
    async with world.shown() as (app, _pilot):
        assert _rows(app, "needs")[:2] == [
            "✖ order-intake ×12 1m send: the partner answered 500",
            "✖ order-intake 39m ask: another place",
        ]
        assert str(app.screen.query(Listing).first().border_title) == "Needs you · 13 failed"


@pytest.mark.parametrize(
    "area",
    [pytest.param(area, marks=presses(f"{area}.decide")) for area in ("dashboard", "runs")],
)
async def test_what_a_run_asks_is_answered_where_it_is_seen(area: str, world: World) -> None:
    asked, given = asked_run(world), []
    row = next(row for row in world.runs if row["id"] == asked.id)
    row |= {"status": "WAITING", "waitingFor": "decision", "error": None}
    world.http.on("POST", f"/api/runs/{asked.id}/decide", lambda request: given.append(request.body))
    async with world.shown(area) as (app, pilot):
        assert app.screen.refusal(f"{area}.decide") == "it asks nothing"  # type: ignore[attr-defined]
        while app.screen.listing.current["id"] != asked.id:  # type: ignore[attr-defined]
            await pilot.press("j")
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, DecideModal), "the question")
        await pilot.press("enter")
        await until(lambda: given, "the answer")
        assert given[0]["stepId"] == "look"


@presses("dashboard.rerun", "dashboard.logs", "dashboard.new")
async def test_keys_act_on_the_pane_with_the_focus(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown() as (app, pilot):
        opened: list[Any] = []
        monkeypatch.setattr(app, "open_run", lambda run_id, **more: opened.append((run_id, more.get("tab"))))
        monkeypatch.setattr(app, "open_editor", lambda *given, **_more: opened.append(given))
        await pilot.press("enter", "j", "l", "tab", "enter", "tab", "enter", "n")
        assert opened == [("run_0002", None), ("run_0003", "log"), ("run_0001", None), ("wf_0003",), (None,)]
        assert app.screen.refusal("dashboard.rerun") is not None  # type: ignore[attr-defined]
        await pilot.press("shift+tab", "R")
        await until(lambda: type(app.screen).__name__ == "RerunModal", "the dialog")


async def test_the_day_is_a_chart_where_there_is_room_and_a_row_where_there_is_none(world: World) -> None:
    async with world.shown(size=(80, 24)) as (app, pilot):
        assert "▁▂▃▅▆▇█" in screen_text(app)
        await pilot.resize_terminal(120, 36)
        await until(lambda: "▒ failed, at most 6" in screen_text(app), "the chart")
        assert "p95 4.2 s" in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await until(lambda: "▁▂▃▅▆▇█" in screen_text(app), "the row")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_hostile_text_in_every_size(world: World, size: tuple[int, int]) -> None:
    world.runs[1] |= {"workflowName": HOSTILE, "error": {"code": "x", "message": HOSTILE, "stepId": HOSTILE}}
    world.schedules[0]["workflowName"] = HOSTILE
    async with world.shown(size=size) as (app, pilot):
        assert "\x1b" not in "".join(_rows(app, "needs") + _rows(app, "next"))
        for pane in app.screen.query(".pane"):
            assert pane.region.height > 2, pane
            assert pane.region.bottom <= size[1], pane
        await pilot.resize_terminal(60, 20)
        await idle(app)


async def test_empty_panes_say_what_to_do(world: World) -> None:
    world.runs.clear()
    world.schedules.clear()
    world.http.on("GET", "/api/workers", lambda _r: _forbidden())
    async with world.shown() as (app, _pilot):
        assert all(pane.has_class("-empty") for pane in app.screen.query(Listing))
        assert "workers" not in str(app.screen.query_one("#day", Static).render())


def _forbidden() -> Any:
    raise refuse(403, "forbidden", "for administrators only")
