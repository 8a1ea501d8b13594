"""The list of workflows, key by key."""

from __future__ import annotations

from tests.tui.waiting import idle, until
from tests.tui.world import HOSTILE, World


async def test_it_shows_what_there_is(world: World) -> None:
    world.workflows[3]["name"] = HOSTILE
    async with world.shown("workflows") as (app, _pilot):
        listing = app.screen.listing  # type: ignore[attr-defined]
        assert [w["id"] for w in listing.shown] == ["wf_0001", "wf_0002", "wf_0003", "wf_0004"]
        assert listing.table.get_row("wf_0003")[3].plain == "cron 0 7 * * 1-5"


async def test_disable_switches_the_one_under_the_cursor(world: World) -> None:
    saved: list[dict[str, object]] = []
    world.http.on("PUT", "/api/workflows/{}", lambda r: saved.append(r.body) or r.body)
    async with world.shown("workflows") as (app, pilot):
        await pilot.press("j", "D")
        await idle(app)
        assert [(w["name"], w["enabled"]) for w in saved] == [("hello", False)]


async def test_a_deletion_can_be_undone(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        listing = app.screen.listing  # type: ignore[attr-defined]
        await pilot.press("x")
        await until(lambda: app.screen_stack[-1] is not app.screen_stack[0], "the question")
        await pilot.press("enter")  # the focus is on Cancel
        await idle(app)
        assert len(listing.shown) == 4
        await pilot.press("x")
        await until(lambda: len(app.screen_stack) > 1, "the question")
        await pilot.press("y")
        await idle(app)
        assert len(listing.shown) == 3
        await pilot.press("u")
        await idle(app)
        assert len(listing.shown) == 4
        assert world.http.calls("DELETE") == []
