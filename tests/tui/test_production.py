"""On a server marked `production` nothing is changed before somebody has said yes, whatever key is pressed."""

from __future__ import annotations

from typing import Any, Final

import pytest

from flowdesk.tui import keys
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


@pytest.mark.parametrize("area", AREAS)
async def test_a_key_and_enter_after_enter_change_nothing_there(area: str, world: World) -> None:
    world.label = "production"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        world.http.on_rest(method, lambda _r: {})
    asked = asked_run(world)
    row = next(row for row in world.runs if row["id"] == asked.id)
    row |= {"status": "WAITING", "waitingFor": "decision", "error": None}
    async with world.shown(area) as (app, pilot):
        await until(lambda: app.production, "the label")
        under: Any = app.screen
        for act in [act for act in keys.SCOPES[area] if act.writes and act.id not in ELSEWHERE]:
            if act.id.endswith(".decide"):
                under.listing.point_at(asked.id)
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
