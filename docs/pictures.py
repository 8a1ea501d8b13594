"""Draws the pictures of the terminal UI in docs/img: the real screens, on documents made up for it, at a fixed time.

python -m docs.pictures

Commit what changed after looking at it. The same screens give the same bytes, whatever machine draws them.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, cast

from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TextArea

from docs import pictures_world as shop
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.modals.palette import PaletteModal
from flowdesk.tui.modals.rerun import RerunModal
from flowdesk.tui.screens.run.screen import RunScreen
from tests.tui.waiting import idle, settled, until

PLACE: Final = Path(__file__).with_name("img")
SIZE: Final = (120, 34)
_FONT_FACE: Final = re.compile(r"@font-face\s*\{.*?\}\s*", re.DOTALL)
_FONT: Final = re.compile(r"font-family:[^;]*;")

Shown = tuple[FlowDeskApp, Pilot[int]]


@asynccontextmanager
async def _area(area: str) -> AsyncIterator[Shown]:
    async with shop.Shop().shown(area, size=SIZE) as shown:
        yield shown


async def _open_run(app: FlowDeskApp, run_id: str, step: str | None = None) -> None:
    app.open_run(run_id, step=step)
    await until(lambda: isinstance(app.screen, RunScreen), "the run view")
    screen = cast(RunScreen, app.screen)
    await until(lambda: screen.model is not None and not screen.feed.paused, "the run")
    await idle(app)


async def _dashboard(_app: FlowDeskApp, _pilot: Pilot[int]) -> None:
    """It is there already."""


async def _failed(app: FlowDeskApp, _pilot: Pilot[int]) -> None:
    await _open_run(app, shop.FAILED, "send")


async def _live(app: FlowDeskApp, _pilot: Pilot[int]) -> None:
    await _open_run(app, shop.RUNNING)


async def _editor(app: FlowDeskApp, _pilot: Pilot[int]) -> None:
    app.open_editor(shop.ORDERS, step="send", run_id=shop.FAILED)
    await until(lambda: getattr(app.screen, "loaded", False), "the workflow")


async def _palette(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    await pilot.press("colon")
    await until(lambda: isinstance(app.screen, PaletteModal), "the palette")
    await pilot.press(*"order")
    options = app.screen.query_one(OptionList)
    await until(lambda: any("run order" in str(option.prompt) for option in options.options), "what was found")


async def _rerun(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    await _failed(app, pilot)
    await pilot.press("R")
    await until(lambda: isinstance(app.screen, RerunModal) and app.screen.plans[0].spared, "the dialog")


PICTURES: Final[dict[str, tuple[str, Callable[[FlowDeskApp, Pilot[int]], Awaitable[None]]]]] = {
    "dashboard": ("dashboard", _dashboard),
    "run-failed": ("runs", _failed),
    "run-live": ("runs", _live),
    "editor": ("workflows", _editor),
    "palette": ("workflows", _palette),
    "rerun": ("runs", _rerun),
}
"""The area each begins in, and what is done there."""


async def draw(name: str) -> str:
    """One picture as SVG, which loads nothing: whoever looks at it sees it in a monospace font of their own."""
    area, do = PICTURES[name]
    async with _area(area) as (app, pilot):
        app.animation_level = "none"
        await do(app, pilot)
        for box in (*app.screen.query(Input), *app.screen.query(TextArea)):
            box.cursor_blink = False
        await settled(app)
        drawn = app.export_screenshot(title="FlowDesk", simplify=True)
    return _FONT.sub("font-family: monospace;", _FONT_FACE.sub("", drawn))


def draw_all(place: Path = PLACE) -> list[str]:
    """Write every picture that differs; the names of those that did."""
    place.mkdir(exist_ok=True)
    written = []
    for name in PICTURES:
        path, drawn = place / f"{name}.svg", asyncio.run(draw(name))
        if not path.exists() or path.read_text(encoding="utf-8") != drawn:
            path.write_text(drawn, encoding="utf-8")
            written.append(path.name)
    return written


def main() -> int:
    """The command. Times are those of UTC."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name in draw_all():
        sys.stdout.write(f"docs/img/{name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
