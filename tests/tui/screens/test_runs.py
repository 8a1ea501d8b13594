"""The list of runs, key by key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button

from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.rerun import RerunModal
from flowdesk.tui.widgets.header import HeaderLine
from tests.tui.pressing import presses
from tests.tui.waiting import idle, until
from tests.tui.world import HOSTILE, World, run


def _ids(app: Any) -> list[str]:
    return [item["id"] for item in app.screen.listing.shown]


def _cell(app: Any, key: str, column: str) -> str:
    table = app.screen.listing.table
    text: str = table.get_row(key)[1 + [c.key for c in table.columns].index(column)].plain
    return text


async def test_it_shows_hostile_runs_with_their_whole_id(world: World) -> None:
    world.runs[1] |= {"workflowName": HOSTILE * 30, "error": {"code": "x", "message": HOSTILE}}
    async with world.shown("runs") as (app, _pilot):
        assert _ids(app) == [f"run_000{n}" for n in range(1, 6)]
        assert _cell(app, "run_0002", "id") == "run_0002"
        assert "\x1b" not in _cell(app, "run_0002", "workflow") + _cell(app, "run_0002", "error")
        assert _cell(app, "run_0003", "error") == "tries again in 41s"


@presses("runs.status")
async def test_v_asks_the_server_for_one_status(world: World) -> None:
    async with world.shown("runs") as (app, pilot):
        await pilot.press("v")
        await idle(app)
        assert _ids(app) == ["run_0002"]
        assert app.screen.query_one(HeaderLine).crumbs == ("Runs", "failed")
        for _ in range(5):
            await pilot.press("v")
        await idle(app)
        assert len(_ids(app)) == 5


async def test_an_event_changes_the_row_in_place(world: World) -> None:
    async with world.shown("runs") as (app, pilot):
        await pilot.press("j", "j")
        world.runs[0] |= {"status": "SUCCESS", "durationMs": 1200}
        world.runs.insert(0, run(0, world.workflows[1], "RUNNING"))
        world.happens("run_0001", "run.succeeded")
        await until(lambda: "run_0000" in _ids(app), "the new run")
        assert _cell(app, "run_0001", "took") == "1.2 s"
        assert app.screen.listing.current["id"] == "run_0003"  # type: ignore[attr-defined]


async def test_thousands_are_read_page_by_page_and_stay_when_something_happens(world: World) -> None:
    world.runs = [run(n, world.workflows[1], "SUCCESS") for n in range(1, 1001)]
    async with world.shown("runs") as (app, pilot):
        await pilot.press("G")
        await until(lambda: len(_ids(app)) == 400, "the second page")
        old = world.runs[350]
        old |= {"status": "RUNNING", "durationMs": None}
        world.happens(old["id"], "run.reopened")
        await until(lambda: _cell(app, old["id"], "status") == "●", "the old run's change")
        await idle(app)
        assert len(_ids(app)) == 400
        await pilot.press("G")
        await until(lambda: len(_ids(app)) == 600, "the third page")


@presses("runs.cancel")
async def test_cancel_asks_and_many_need_their_number(world: World) -> None:
    world.http.on("POST", "/api/runs/{}/cancel", lambda r: world.find(world.runs, r.found[0]))
    async with world.shown("runs") as (app, pilot):
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("y")
        await idle(app)
        assert [call.path for call in world.http.calls("POST")] == ["/api/runs/run_0001/cancel"]
        await pilot.press("asterisk", "c")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("2", "enter")
        await idle(app)
        assert len(world.http.calls("POST")) == 3
        await pilot.press("j", "c")
        assert not isinstance(app.screen, ConfirmModal), "a run that has ended is not cancelled"


@pytest.mark.parametrize("key", ["enter", pytest.param("l", marks=presses("runs.logs"))])
async def test_it_opens_a_run(world: World, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown("runs") as (app, pilot):
        opened: list[Any] = []
        monkeypatch.setattr(app, "open_run", lambda run_id, **more: opened.append((run_id, more.get("tab"))))
        await pilot.press("j", key)
        assert opened == [("run_0002", "log" if key == "l" else None)]


@presses("runs.edit")
async def test_e_edits_the_workflow_at_the_failed_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown("runs") as (app, pilot):
        opened: list[Any] = []
        monkeypatch.setattr(app, "open_editor", lambda *given, **more: opened.append((given, more)))
        await pilot.press("j", "e")
        assert opened == [(("wf_0001",), {"step": "send", "field": None, "run_id": "run_0002"})]


@presses("runs.rerun")
async def test_rerun_shows_what_it_means(world: World) -> None:
    async with world.shown("runs") as (app, pilot):
        await pilot.press("j", "R")
        await until(lambda: isinstance(app.screen, RerunModal), "the dialog")
        await pilot.press("escape")
        await idle(app)
        assert not world.http.calls("POST")


async def test_read_only_offers_no_writes(world: World) -> None:
    async with world.shown("runs", read_only=True) as (app, pilot):
        await pilot.press("c", "R")
        await idle(app)
        assert len(app.screen_stack) == 1
        assert app.screen.check_action("runs_cancel", ()) is False


async def test_without_a_connection_writes_say_why(world: World) -> None:
    async with world.shown("runs") as (app, _pilot):
        app.live.become("reconnecting", "connection refused")
        assert app.screen.refusal("runs.cancel") == "there is no connection to the server"  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_an_empty_list_says_what_to_do(world: World, size: tuple[int, int]) -> None:
    world.runs.clear()
    async with world.shown("runs", size=size) as (app, _pilot):
        assert app.screen.listing.has_class("-empty")  # type: ignore[attr-defined]


async def test_the_order_of_a_list_is_that_of_the_last_session(world: World, tmp_path: Path) -> None:
    async with world.shown("runs", state_dir=tmp_path) as (app, pilot):
        await pilot.press("s", "s", "S")
        column = app.screen.listing.rows.sorted_by.key  # type: ignore[attr-defined]
        app.memory.save()
    async with world.shown("runs", state_dir=tmp_path) as (app, _pilot):
        rows = app.screen.listing.rows  # type: ignore[attr-defined]
        assert (rows.sorted_by.key, rows.reverse) == (column, True)
        assert rows.shown == sorted(rows.shown, key=lambda k: rows.items[k]["workflowName"], reverse=True)


async def test_cancelling_offers_to_let_it_run(world: World) -> None:
    """A button that says Cancel would be the wrong one half of the time."""
    async with world.shown("runs") as (app, pilot):
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        assert str(app.screen.query_one("#no", Button).label) == "Let it run (esc)"
