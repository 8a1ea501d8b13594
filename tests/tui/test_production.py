"""On a server marked `production` nothing is changed before somebody has said yes, whatever key is pressed.

The areas and the run view; the editor asks when it saves and runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from textual.pilot import Pilot

from flowdesk.tui import keys
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.keys import Act
from flowdesk.tui.widgets.listing import Listing
from tests.tui.runs import Played, failed_run, running_run
from tests.tui.screens.run.test_steering import asked_run
from tests.tui.waiting import settled, until
from tests.tui.world import World

AREAS: Final = ("dashboard", "workflows", "runs", "jobs", "schedules", "secrets")
ELSEWHERE: Final = {"workflow.editor", "workflow.new", "workflow.duplicate", "dashboard.new"}
"""What opens an editor, whose saving asks by itself."""
READS: Final = ("/preview", "/validate", "/schedules/preview")
"""What is asked by POST and changes nothing."""


def written(world: World) -> list[str]:
    """The calls that changed something."""
    calls = [call for call in world.http.asked if call.method not in ("GET", "HEAD")]
    return [f"{call.method} {call.path}" for call in calls if not call.path.endswith(READS)]


async def press_all(
    app: FlowDeskApp, pilot: Pilot[int], world: World, scope: str, before: Callable[[Act], None]
) -> None:
    """Press each writing key of this scope and then only enter, which answers every question with no."""
    under = app.screen
    for act in [act for act in keys.SCOPES[scope] if act.writes and act.id not in ELSEWHERE]:
        before(act)
        await pilot.press(act.keys.split(",")[0])
        await settled(app)
        for _ in range(4):
            if app.screen.is_modal:
                await pilot.press("enter")
                await settled(app)
        assert written(world) == [], act.id
        while app.screen is not under:
            await pilot.press("escape")
            await settled(app)


@pytest.fixture
def world(world: World) -> World:
    """A production server that would take every change."""
    world.label = "production"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        world.http.on_rest(method, lambda _r: {})
    return world


@pytest.mark.parametrize("area", AREAS)
async def test_a_key_and_enter_after_enter_change_nothing_there(area: str, world: World) -> None:
    asked = asked_run(world)
    row = next(row for row in world.runs if row["id"] == asked.id)
    row |= {"status": "WAITING", "waitingFor": "decision", "error": None}
    async with world.shown(area) as (app, pilot):
        await until(lambda: app.production, "the label")
        listing: Any = app.screen.query(Listing).first()
        await press_all(
            app, pilot, world, area, lambda act: listing.point_at(asked.id) if act.id.endswith("decide") else None
        )


@pytest.mark.parametrize("make", [asked_run, running_run, failed_run])
async def test_nor_do_they_in_a_run(make: Callable[[World], Played], world: World) -> None:
    run = make(world)
    async with world.shown("runs") as (app, pilot):
        await until(lambda: app.production, "the label")
        app.open_run(run.id)
        await until(lambda: app.screen.query("#steps"), "the run view")
        await settled(app)
        await press_all(app, pilot, world, "run", lambda _act: None)
