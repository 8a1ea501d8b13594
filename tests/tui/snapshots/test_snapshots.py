"""What the screens look like, at three sizes: pictures that a person has looked at, kept and compared.

python -m pytest tests/tui/snapshots -n 0 --snapshot-update      # then look at what changed
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Final

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from flowdesk.tui.app import FlowDeskApp
from tests.tui.screen_text import screen_lines
from tests.tui.waiting import settled, until
from tests.tui.world import World

SIZES: Final = ((80, 24), (120, 36), (200, 50))
AREAS: Final = ("dashboard", "workflows", "runs", "jobs", "schedules", "plugins")

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="the pictures are those of Python 3.11; others may wrap a text differently"
)


class Picture(SingleFileSnapshotExtension):
    """The text of a screen in a file of its own: what changed is read in the difference, and no machine is in it."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"


@pytest.fixture
def same(snapshot: SnapshotAssertion) -> Callable[[FlowDeskApp], Awaitable[None]]:
    """Compare the screen with its picture."""

    async def check(app: FlowDeskApp) -> None:
        await settled(app)
        drawn = "\n".join(screen_lines(app)) + "\n"
        assert drawn == snapshot(extension_class=Picture)

    return check


Same = Callable[[FlowDeskApp], Awaitable[None]]
sizes: pytest.MarkDecorator = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@sizes
@pytest.mark.parametrize("area", AREAS)
async def test_area(area: str, size: tuple[int, int], world: World, same: Same) -> None:
    async with world.shown(area, size=size) as (app, _pilot):
        await same(app)


@sizes
async def test_editor(size: tuple[int, int], world: World, same: Same) -> None:
    world.http.on("POST", "/api/workflows/validate", lambda r: {"valid": True, "problems": []})
    async with world.shown("workflows", size=size) as (app, _pilot):
        app.open_editor(world.workflows[0]["id"], step="send")
        await until(lambda: getattr(app.screen, "loaded", False), "the workflow")
        await same(app)


async def test_plain_ascii(world: World, same: Same) -> None:
    async with world.shown("runs", ascii=True, size=(80, 24)) as (app, _pilot):
        await same(app)
