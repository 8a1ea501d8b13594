"""From a step of a run to the runs it has called, and back."""

from __future__ import annotations

from typing import Any, cast

from engine.models.event import Event, EventType
from engine.state import apply
from flowdesk.tui.screens.called import CalledScreen
from flowdesk.tui.screens.run.screen import RunScreen
from flowdesk.tui.widgets.header import HeaderLine
from tests.tui.runs import Played
from tests.tui.screen_text import screen_text
from tests.tui.waiting import idle, until
from tests.tui.world import World, run

LOOP = [
    {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "params": {}, "next": "each"},
    {
        "id": "each",
        "type": "ACTION",
        "ref": "flow.foreach",
        "params": {"items": "data.items"},
        "body": {"steps": [{"id": "note", "type": "ACTION", "ref": "core.log", "params": {"message": "x"}}]},
        "next": [],
    },
]


def _tell(played: Played, kind: EventType, **data: Any) -> None:
    event = Event(played.state.seq + 1, played.now, kind, "each", 1, data)
    apply(played.state, event)
    played.events.append(event)
    played._follow()


def looping(world: World) -> Played:
    """A run whose only step has called three runs of a hundred; one of them has succeeded, one failed."""
    played = Played(world, 1, LOOP, items=[1])
    played.start("each")
    spec = {"total": 100, "concurrency": 3, "onItemError": "continue", "waits": True, "depth": 1}
    _tell(played, EventType.WAIT_STARTED, **{"for": "children"}, calls=spec, items=[])
    _tell(played, EventType.ITEMS_ADVANCED, next=3, open=[2], succeeded=1, failed=[[1, {"code": "x"}]])
    called = [
        run(n, world.workflows[1], status, callerRunId=played.id, call={"stepId": "each", "item": n - 10})
        for n, status in ((12, "RUNNING"), (11, "FAILED"), (10, "SUCCESS"))
    ]
    world.http.on("GET", "/api/runs", lambda r: (called, None))
    return played.serve()


async def test_enter_lists_what_a_step_has_called_and_back_returns(world: World) -> None:
    played = looping(world)
    async with world.shown("workflows") as (app, pilot):
        app.open_run(played.id, step="each")
        await until(lambda: isinstance(app.screen, RunScreen) and app.screen.model is not None, "the run")
        await idle(app)
        view = cast(RunScreen, app.screen)
        assert screen_text(app).count("2/100") == 2, "on the map and in the list of steps"

        _tell(played, EventType.ITEMS_ADVANCED, next=4, open=[3], succeeded=2)
        played.tell()
        await until(lambda: screen_text(app).count("3/100") == 2, "the next one, as it happens")

        view.steps.focus()
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, CalledScreen), "the list")
        await idle(app)
        listing = app.screen.listing  # type: ignore[attr-defined]
        assert [item["id"] for item in listing.shown] == ["run_0012", "run_0011", "run_0010"]
        assert world.http.calls("GET", "/api/runs")[-1].query["callerStep"] == "each"
        header = app.screen.query_one(HeaderLine)
        assert header.crumbs == ("orders-1", played.id, "each")
        assert header.note == "3/100  ✔ 2  ✖ 1  ● 1  ·  3 shown"

        opened: list[str] = []
        app.open_run = lambda run_id, **_: opened.append(run_id)  # type: ignore[method-assign]
        await pilot.press("j", "enter")
        assert opened == ["run_0011"]
        await pilot.press("escape")
        await until(lambda: app.screen is view, "the way back")
