"""What opening large things costs in the terminal UI.

    python -m bench.tui_open COUNT

Prints a JSON object. For each of `runs` (a list of a tenth of COUNT runs, first its first page, then all of it), `log`
(a run with COUNT log lines) and `value` (a value with a hundred bytes for each of COUNT): `seconds` until it is on the
screen, and `stall_ms`, the longest stretch of work in processor time during which nothing else could happen. The
server's answers are made beforehand and come without a network; the screen is drawn, but to nowhere.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from textual.app import App, ComposeResult

from bench.tui_log import watch
from flowdesk.tui.screens.run.screen import RunScreen
from flowdesk.tui.widgets.data_inspector import DataInspector
from tests.tui.runs import running_run
from tests.tui.scripted import Request
from tests.tui.waiting import idle, until
from tests.tui.world import World, run

SIZE: Final = (160, 45)
_WITHIN_S: Final = 120.0
Figures = dict[str, dict[str, float]]


@asynccontextmanager
async def measured(figures: Figures, name: str) -> AsyncIterator[None]:
    """Note how long this took and how long nothing else could happen meanwhile."""
    gc.freeze()  # as the program does when it has started; and the answers, made beforehand, belong to the server
    stalls: list[float] = []
    watching = asyncio.create_task(watch(stalls))
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    await asyncio.sleep(0.05)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    figures[name] = {"seconds": round(seconds, 3), "stall_ms": round(max(stalls) * 1000, 1)}


async def list_of_runs(count: int, figures: Figures) -> None:
    """The first page on the screen, then every further one by the key for more."""
    world = World()
    world.runs = [run(number, world.workflows[0], "SUCCESS") for number in range(1, count + 1)]
    async with world.shown("workflows", size=SIZE) as (app, pilot):
        async with measured(figures, "runs, first page"):
            await pilot.press("3")
            await until(lambda: app.current_mode == "runs" and _listed(app), "the first page", _WITHIN_S)
            await idle(app, _WITHIN_S)
        async with measured(figures, "runs, all"):
            while _listed(app) < count:
                before = _listed(app)
                await pilot.press("full_stop")
                await until(lambda before=before: _listed(app) > before, "more", _WITHIN_S)  # type: ignore[misc]
            await idle(app, _WITHIN_S)


def _listed(app: App[Any]) -> int:
    found = app.screen.query("Listing")
    return len(found.first().items) if found else 0  # type: ignore[attr-defined]


async def long_log(count: int, figures: Figures) -> None:
    """A run that is still going on, opened on its newest lines."""
    world = World()
    played = running_run(world)
    for number in range(count):
        played.log("look", f"line {number} of a log that is long")
    journal, document = played.journal(), played.document()
    world.http.on("GET", f"/api/runs/{played.id}/journal", _part(journal))
    world.http.on("GET", f"/api/runs/{played.id}", lambda r: document)
    async with world.shown("workflows", size=SIZE) as (app, _pilot), measured(figures, "log"):
        app.open_run(played.id)
        await until(lambda: isinstance(app.screen, RunScreen), "the run view", _WITHIN_S)
        await until(lambda: not app.screen.feed.paused, "its log", _WITHIN_S)  # type: ignore[attr-defined]
        await idle(app, _WITHIN_S)


def _part(journal: list[dict[str, Any]]) -> Callable[[Request], Any]:
    def part(request: Request) -> Any:
        after = int(request.query["after"])
        return journal[after : after + int(request.query["limit"])]

    return part


class ValueHost(App[None]):
    """Nothing but a value."""

    def __init__(self) -> None:
        super().__init__()
        self.inspector = DataInspector()

    def compose(self) -> ComposeResult:
        """The inspector."""
        yield self.inspector


async def large_value(count: int, figures: Figures) -> None:
    """A list of objects, and the whole of it as text beside the tree."""
    value = [{"id": number, "name": f"customer {number}", "text": "x" * 50} for number in range(count)]
    async with (app := ValueHost()).run_test(size=SIZE), measured(figures, "value"):
        app.inspector.show(value, "steps.look")
        await idle(app, _WITHIN_S)


async def measure(count: int) -> Figures:
    """All of it."""
    figures: Figures = {}
    await list_of_runs(max(10, count // 10), figures)
    await long_log(count, figures)
    await large_value(count, figures)
    return figures


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1])))))
