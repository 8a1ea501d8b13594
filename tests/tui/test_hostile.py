"""Every screen with hostile text in every string the server sends: nothing breaks, nothing is obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from engine.errors import Problem
from flowdesk.client_http import Reply
from flowdesk.launch import Connection
from flowdesk.tui import toast
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.document.merge import Conflict
from flowdesk.tui.modals.ask import AskModal
from flowdesk.tui.modals.choose import ChooseFileModal
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.conflict import ConflictModal
from flowdesk.tui.modals.connect_to import ConnectToModal
from flowdesk.tui.modals.decide import DecideModal
from flowdesk.tui.modals.login import LoginModal
from flowdesk.tui.modals.message import MessageModal
from flowdesk.tui.modals.problems import ProblemsModal
from flowdesk.tui.modals.run_input import RunInputModal
from flowdesk.tui.modals.samples import SamplesModal
from flowdesk.tui.modals.save import SaveModal
from flowdesk.tui.modals.step_kind import StepKindModal
from flowdesk.tui.modals.step_picker import StepPicker
from flowdesk.tui.modals.times import TimesModal
from flowdesk.tui.modals.try_result import TryResultModal
from flowdesk.tui.modals.versions import VersionsModal
from flowdesk.tui.modals.workflow_settings import WorkflowSettingsModal
from flowdesk.tui.screens.start import StartScreen
from flowdesk.tui.screens.welcome import WelcomeScreen
from tests.tui.plain_styles import differences
from tests.tui.pressing import classes
from tests.tui.runs import failed_run, running_run
from tests.tui.screen_text import screen_text, unsafe
from tests.tui.scripted import ScriptedHttp, refuse
from tests.tui.waiting import settled, until
from tests.tui.world import HOSTILE, NOW, World, kinds

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
SIZES: Final = ((120, 36), (80, 24))


@dataclass(frozen=True)
class Place:
    """Somewhere in the terminal UI: the area where one begins, and how one gets there from it."""

    name: str
    area: str = "workflows"
    go: Go | None = None
    shows: bool = True
    """Whether text from the server must be seen there."""
    has: str = ""
    """The screens and widgets that are looked at there; all are, `has` is for the list of those that must be."""


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


def opening(make: Callable[[FlowDeskApp], Screen[Any]]) -> Go:
    async def go(app: FlowDeskApp, _pilot: Pilot[int], _world: World) -> None:
        app.push_screen(make(app))
        await settled(app)

    return go


async def first_start(app: FlowDeskApp, pilot: Pilot[int], world: World) -> None:
    world.workflows.clear()  # with any, it makes way
    await opening(lambda _: WelcomeScreen())(app, pilot, world)


async def called_runs(app: FlowDeskApp, _pilot: Pilot[int], _world: World) -> None:
    app.open_called(SENT, SENT, named=HOSTILE, counts=lambda: None)
    await settled(app)


async def _nothing(_number: int) -> dict[str, Any]:
    return {"name": SENT, "steps": []}


async def _times(_since: str | None, _until: str | None) -> dict[str, Any]:
    return {"words": HOSTILE, "timezone": HOSTILE, "times": [], "more": False, "clockChanges": [], "outages": []}


def _connection(app: FlowDeskApp) -> Connection:
    assert app.connection is not None
    return replace(app.connection, target=replace(app.connection.target, url=f"http://{HOSTILE}"))


WILD: Final[Any] = {SENT: SENT}
KIND: Final[Any] = {**kinds()[0], "title": HOSTILE, "description": HOSTILE, "params": None, "examples": []}
TRIAL: Final[Any] = {
    "ok": False,
    "data": None,
    "error": {"code": HOSTILE, "message": HOSTILE},
    "route": HOSTILE,
    "params": WILD,
    "logs": [],
    "durationMs": 1,
    "truncated": False,
}
SAMPLE: Final[Any] = {"name": HOSTILE, "at": HOSTILE, "data": WILD, "meta": WILD}
PROBLEM: Final = Problem(HOSTILE, HOSTILE, HOSTILE, HOSTILE, hint=HOSTILE)
QUESTION: Final[Any] = {
    "stepId": "send",
    "kind": "decision",
    "outcomes": ["done"],
    "since": NOW.isoformat(),
    "message": HOSTILE,
}
VERSION: Final[Any] = {"version": 2, "savedAt": NOW.isoformat(), "savedBy": HOSTILE, "name": HOSTILE, "steps": 2}

INPUTS: Final = {
    "type": "object",
    "properties": {
        "who": {"type": "string", "title": HOSTILE, "description": HOSTILE, "default": SENT},
        "tone": {"enum": [SENT, "cold"], "description": HOSTILE},
        SENT: {"type": "array", "items": {"type": "string"}},
    },
}
PLACES: Final = (
    Place("dashboard", "dashboard", has="DashboardScreen LastDay Rows HeaderLine KeyLine TooSmall"),
    Place("workflows", has="WorkflowsScreen Listing"),
    Place("runs", "runs", has="RunsScreen"),
    Place("called runs", "runs", go=called_runs, has="CalledScreen"),
    Place("jobs", "jobs", has="JobsScreen"),
    Place("schedules", "schedules", has="SchedulesScreen"),
    Place("secrets", "secrets", has="SecretsScreen"),
    Place("new secret", "secrets", go=pressing("n"), shows=False, has="SecretModal SecretInput"),
    Place("changed secret", "secrets", go=pressing("e")),
    Place("readers of a secret", "secrets", go=pressing("u"), has="UsagesModal"),
    Place("deleted secret", "secrets", go=pressing("x")),
    Place("times", "schedules", go=opening(lambda app: TimesModal(HOSTILE, _times, now=app.clock)), has="TimesModal"),
    Place("plugins", "plugins", shows=False, has="PluginsScreen"),
    Place("run, L", go=run_view("L"), has="RunScreen RunTabs Pane LogPanel LogPane StepList FlowMap FlowView"),
    Place("run, I", go=run_view("I"), has="StepData DataInspector ValueTree ValueText"),
    Place("run, O", go=run_view("O")),
    Place("run, X", go=run_view("X"), has="ErrorPane"),
    Place("run, J", go=run_view("J")),
    Place("run, running", go=run_view(failed=False)),
    Place("run, map", go=run_view("o")),
    Place("run, rerun", go=run_view("R"), has="RerunModal AreaInput"),
    Place("run, inspected line", go=run_view("L", "enter"), has="InspectModal"),
    Place("run, cancel", go=run_view("c", failed=False), has="ConfirmModal"),
    Place("editor", go=editor(), has="EditorScreen StepForm FieldRow SourcePane SourceText NameInput"),
    Place("editor, pane 1", go=editor("1"), has="FlowMap"),
    Place("editor, rows", go=editor("1", "m"), has="StepRails"),
    Place("editor, pane 2", go=editor("2")),
    Place("editor, pane 3", go=editor("3")),
    Place(
        "workflow settings",
        go=opening(lambda _: WorkflowSettingsModal({"name": HOSTILE, "description": HOSTILE, "tags": [HOSTILE]})),
        has="WorkflowSettingsModal LineInput",
    ),
    Place("palette", go=pressing("colon"), has="PaletteModal"),
    Place("help", go=pressing("question_mark"), shows=False, has="HelpModal"),
    Place("settings", go=pressing("comma"), shows=False, has="SettingsModal"),
    Place("letters", go=pressing("ctrl+o"), has="JumpModal"),
    Place("delete", go=pressing("x")),
    Place("run input", go=pressing("j", "r"), shows=False, has="RunInputModal RunInput"),
    Place(
        "run input form",
        go=opening(
            lambda _: RunInputModal(
                HOSTILE,
                json.dumps({"who": SENT, "more": {SENT: SENT}}),
                HOSTILE,
                inputs=INPUTS,
                refused=[Problem("bad_value", HOSTILE, field="data.who"), Problem(HOSTILE, HOSTILE, field=HOSTILE)],
            )
        ),
        has="RunInputModal InputForm",
    ),
    Place("samples", go=opening(lambda _: SamplesModal([SAMPLE])), has="SamplesModal"),
    Place("question", go=opening(lambda _: ConfirmModal(HOSTILE, yes="Delete", detail=HOSTILE, type_this=HOSTILE))),
    Place("ask", go=opening(lambda _: AskModal(HOSTILE, value=HOSTILE, hint=HOSTILE)), has="AskModal"),
    Place("save", go=opening(lambda _: SaveModal(HOSTILE, HOSTILE)), has="SaveModal"),
    Place("file", go=opening(lambda _: ChooseFileModal(HOSTILE, HOSTILE, (".json",))), has="ChooseFileModal"),
    Place("login", go=opening(lambda app: LoginModal(_connection(app), HOSTILE)), has="LoginModal Tick"),
    Place("message", go=opening(lambda _: MessageModal(HOSTILE, HOSTILE)), has="MessageModal"),
    Place("kind of step", go=opening(lambda _: StepKindModal(KIND)), has="StepKindModal"),
    Place("picker", go=opening(lambda _: StepPicker([KIND])), has="StepPicker"),
    Place("tried step", go=opening(lambda _: TryResultModal(HOSTILE, TRIAL, HOSTILE)), has="TryResultModal"),
    Place("problems", go=opening(lambda _: ProblemsModal([PROBLEM], 0)), has="ProblemsModal"),
    Place("decide", go=opening(lambda _: DecideModal([QUESTION])), has="DecideModal"),
    Place(
        "conflict",
        go=opening(lambda _: ConflictModal([Conflict(SENT, None, WILD, WILD, SENT)], HOSTILE)),
        has="ConflictModal",
    ),
    Place(
        "arrows",
        go=opening(lambda _: ConnectToModal(HOSTILE, [HOSTILE], [{"to": HOSTILE, "when": HOSTILE}])),
        has="ConnectToModal",
    ),
    Place(
        "compared versions",
        go=opening(lambda _: VersionsModal([VERSION], WILD, _nothing, why_not=SENT)),
        has="VersionsModal",
    ),
    Place("welcome", go=first_start, shows=False, has="WelcomeScreen"),
    Place("start", go=opening(lambda _: StartScreen()), shows=False, has="StartScreen"),
)


ELSEWHERE: Final = "ArrayBox MapBox UnionBox Slot Suggestions Completing Fold FoldTitle"
"""Parts of a form: tests/tui/widgets/form/test_hostile.py shows hostile text in each of them."""


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_a_screen_shows_hostile_text_and_obeys_none_of_it(place: Place, hostile: World) -> None:
    async with hostile.shown(place.area, size=SIZES[0]) as (app, pilot):
        if place.go is not None:
            await place.go(app, pilot, hostile)
        shown: set[str] = set()
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await settled(app)
            seen = screen_text(app)
            assert unsafe(seen) == set()
            assert "x [/y]" in seen or not place.shows, seen
            assert "x  z" not in seen
            shown |= {kind.__name__ for node in app.screen.walk_children(with_self=True) for kind in type(node).__mro__}
        assert app.is_running
        assert list(differences(app)) == []
        assert set(place.has.split()) <= shown, sorted(set(place.has.split()) - shown)


def test_every_screen_and_widget_there_is_has_a_place() -> None:
    ours = {kind for kind in classes() if issubclass(kind, Widget)}
    named = {name for place in PLACES for name in place.has.split()} | set(ELSEWHERE.split())
    covered = {base for kind in ours if kind.__name__ in named for base in kind.__mro__}
    assert sorted(kind.__name__ for kind in ours - covered) == [], "give it a place where hostile text is shown in it"
    assert named <= {kind.__name__ for kind in ours}


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
