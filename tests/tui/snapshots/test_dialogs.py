"""What asks and what helps, drawn over the screen it belongs to."""

from __future__ import annotations

import pytest

from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.decide import DecideModal
from flowdesk.tui.modals.palette import PaletteModal
from flowdesk.tui.modals.rerun import RerunModal
from tests.tui.runs import failed_run
from tests.tui.screens.run.test_screen import opened
from tests.tui.screens.run.test_steering import asked_run
from tests.tui.snapshots.test_snapshots import Same
from tests.tui.waiting import until
from tests.tui.world import World


@pytest.mark.parametrize("key", ["colon", "question_mark"], ids=("palette", "help"))
async def test_palette(key: str, world: World, same: Same) -> None:
    async with world.shown("workflows") as (app, pilot):
        await pilot.press(key)
        await until(lambda: isinstance(app.screen, PaletteModal), "the palette")
        await same(app)


async def test_confirm(world: World, same: Same) -> None:
    async with world.shown("workflows") as (app, pilot):
        await pilot.press("x")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await same(app)


async def test_rerun(world: World, same: Same) -> None:
    async with opened(failed_run(world)) as (app, pilot, _screen):
        await pilot.press("R")
        await until(lambda: isinstance(app.screen, RerunModal) and app.screen.plans[0].spared, "what it means")
        await same(app)


async def test_decide(world: World, same: Same) -> None:
    async with opened(asked_run(world)) as (app, pilot, _screen):
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, DecideModal), "the question")
        await same(app)
