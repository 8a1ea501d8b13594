"""Every screen with hostile text in every string the server sends: nothing breaks, nothing is obeyed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from flowdesk.client_http import Reply
from flowdesk.tui import toast
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.modals.confirm import ConfirmModal
from tests.tui.runs import failed_run, running_run
from tests.tui.screen_text import screen_text, unsafe
from tests.tui.scripted import ScriptedHttp, refuse
from tests.tui.waiting import settled, until
from tests.tui.world import HOSTILE, World

KEPT: Final = re.compile(
    "id|ownerId|userId|workflowId|runId|parentRunId|scheduleId|version|createdAt|updatedAt|startedAt|finishedAt|at|"
    "dueAt|runAt|nextAt|upcoming|status|type|ref|next|to|when|entryStepId|stepId|attempt|seq|waitingFor|kind|cron|"
    "scheduleCron|timezone|state|level|steps|ids|format|schema|params|outcome|stepType|storage"
)
"""Names of what the server itself chooses, or checks before it accepts it."""
SHOWN: Final = "x [/y] [red]z ␛[2J⟨U+202E⟩"
"""How the hostile text looks on a screen with room for it."""


SENT: Final = HOSTILE.replace("\ud800", "")


def spoilt(value: Any, name: str = "", text: str = HOSTILE) -> Any:
    """The same document, with every string changed that somebody outside could have written."""
    if isinstance(value, dict):
        return {key: spoilt(inner, key, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [spoilt(inner, name, text) for inner in value]
    return f"{text}{value}" if isinstance(value, str) and not KEPT.fullmatch(name) else value


class HostileHttp(ScriptedHttp):
    """A server whose every word is meant to do harm."""

    async def call(self, method: str, path: str, **given: Any) -> Reply:
        """The answer, spoilt."""
        reply = await super().call(method, path, **given)
        spare: Mapping[str, str] = reply.headers
        return Reply(reply.status, spare, reply.body if path == "/api/steps" else spoilt(reply.body))

    def send(self, event: Mapping[str, Any]) -> None:
        """The event, spoilt; what no JSON can carry, half a surrogate pair, is left out."""
        super().send(spoilt(dict(event), text=SENT))


@pytest.fixture
def hostile() -> World:
    """The usual world on that server."""
    world = World()
    table = world.http._table
    world.http = HostileHttp()
    world.http._table = table
    return world


Go = Callable[[FlowDeskApp, "Pilot[int]", World], Awaitable[None]]


@dataclass(frozen=True)
class Place:
    """Somewhere in the terminal UI: the area where one begins, and how one gets there from it."""

    name: str
    area: str = "workflows"
    go: Go | None = None
    shows: bool = True
    """Whether text from the server must be seen there."""


def pressing(*keys: str) -> Go:
    async def go(app: FlowDeskApp, pilot: Pilot[int], _world: World) -> None:
        for key in keys:
            await pilot.press(key)
            await settled(app)

    return go


def run_view(*keys: str, failed: bool = True) -> Go:
    async def go(app: FlowDeskApp, pilot: Pilot[int], world: World) -> None:
        run = failed_run(world) if failed else running_run(world)
        app.open_run(run.id)
        await until(lambda: app.screen.query("#steps"), "the run view")
        await settled(app)
        await pressing(*keys)(app, pilot, world)

    return go


def editor(*keys: str) -> Go:
    async def go(app: FlowDeskApp, pilot: Pilot[int], world: World) -> None:
        app.open_editor(world.workflows[0]["id"])
        await settled(app)
        await pressing(*keys)(app, pilot, world)

    return go


async def _question(app: FlowDeskApp, _pilot: Pilot[int], _world: World) -> None:
    app.push_screen(ConfirmModal(f"Delete {HOSTILE}?", yes="Delete", detail=HOSTILE, type_this=HOSTILE))
    await settled(app)


PLACES: Final = (
    *(Place(area, area) for area in ("dashboard", "workflows", "runs", "jobs", "schedules")),
    Place("plugins", "plugins", shows=False),
    *(Place(f"run, {tab}", go=run_view(tab)) for tab in ("L", "I", "O", "X", "J")),
    Place("run, running", go=run_view(failed=False)),
    Place("run, map", go=run_view("o")),
    Place("run, rerun", go=run_view("R")),
    Place("run, inspected line", go=run_view("L", "enter")),
    Place("run, cancel", go=run_view("c", failed=False)),
    Place("editor", go=editor()),
    *(Place(f"editor, pane {pane}", go=editor(pane)) for pane in "123"),
    Place("editor, versions", go=editor("V"), shows=False),
    Place("editor, settings", go=editor("w")),
    Place("palette", go=pressing("colon")),
    Place("help", go=pressing("question_mark"), shows=False),
    Place("settings", go=pressing("comma"), shows=False),
    Place("question", go=_question),
    Place("delete", go=pressing("x")),
    Place("run input", go=pressing("j", "r"), shows=False),
)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_a_screen_shows_hostile_text_and_obeys_none_of_it(
    place: Place, size: tuple[int, int], hostile: World
) -> None:
    async with hostile.shown(place.area, size=size) as (app, pilot):
        if place.go is not None:
            await place.go(app, pilot, hostile)
        await settled(app)
        seen = screen_text(app)
        assert unsafe(seen) == set()
        assert "x [/y]" in seen or not place.shows, seen
        assert "x  z" not in seen
        assert app.is_running


async def test_live_events_are_no_way_in(hostile: World) -> None:
    async with hostile.shown("workflows") as (app, _pilot):
        run = running_run(hostile)
        app.open_run(run.id)
        await settled(app)
        run.log("look", SENT)
        run.fail("look", SENT, {SENT: SENT})
        run.tell()
        await until(lambda: SHOWN[:12] in screen_text(app), "the line")
        assert unsafe(screen_text(app)) == set()


@pytest.mark.parametrize("show", [toast.say, toast.warn])
async def test_messages_in_the_corner(show: Callable[[Any, str], None], world: World) -> None:
    async with world.shown("workflows", toasts=True) as (app, _pilot):
        show(app, HOSTILE)
        await until(lambda: "x [/y] [red]z" in screen_text(app), "the message")
        assert unsafe(screen_text(app)) == set()


async def test_errors_of_the_server(world: World) -> None:
    async with world.shown("runs", toasts=True) as (app, pilot):
        world.http.on("GET", "/api/workflows", lambda r: refuse(500, HOSTILE, HOSTILE))
        await pilot.press("2")
        await until(lambda: "x [/y] [red]z" in screen_text(app), "the error")
        assert unsafe(screen_text(app)) == set()


async def test_names_and_labels_of_a_server(world: World) -> None:
    world.label = HOSTILE
    async with world.shown("workflows") as (app, _pilot):
        assert SHOWN in screen_text(app)
        assert unsafe(screen_text(app)) == set()


async def test_text_that_is_pasted_into_a_filter(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        await pilot.press("slash")
        app.screen.query_one("#filter", Input).post_message(Paste(HOSTILE))
        await settled(app)
        assert unsafe(screen_text(app)) == set()
