"""The keys of each dialog, and what it answers to whoever opened it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList, Static, TextArea

from flowdesk.replies import StepKind
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.document.merge import Conflict
from flowdesk.tui.modals.ask import AskModal
from flowdesk.tui.modals.asking import InspectModal
from flowdesk.tui.modals.choose import ChooseFileModal
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.conflict import ConflictModal
from flowdesk.tui.modals.connect_to import ConnectToModal, Wanted
from flowdesk.tui.modals.decide import DecideModal
from flowdesk.tui.modals.login import LoginModal
from flowdesk.tui.modals.message import MessageModal
from flowdesk.tui.modals.palette import PaletteModal
from flowdesk.tui.modals.rerun import RerunModal
from flowdesk.tui.modals.run_input import RunInputModal
from flowdesk.tui.modals.save import SaveModal
from flowdesk.tui.modals.secret import SecretModal
from flowdesk.tui.modals.step_kind import StepKindModal
from flowdesk.tui.modals.try_result import TryResultModal
from flowdesk.tui.modals.usages import UsagesModal
from flowdesk.tui.modals.versions import VersionsModal
from flowdesk.tui.modals.workflow_settings import WorkflowSettingsModal
from tests.tui.pressing import presses
from tests.tui.runs import failed_run
from tests.tui.screen_text import screen_text
from tests.tui.waiting import settled, until
from tests.tui.world import NOW, World, kinds

OPEN = "still open"
LEAST_COLUMNS = 56
"""A dialog has room for what it says and asks."""
TRIAL: Any = {
    "ok": True,
    "data": {"sent": True},
    "error": None,
    "route": None,
    "params": {},
    "logs": [],
    "durationMs": 12,
    "truncated": False,
}
QUESTION: Any = {
    "stepId": "send",
    "kind": "decision",
    "outcomes": ["done", "again", "fail"],
    "since": NOW.isoformat(),
    "message": "did it happen?",
}
VERSION: Any = {"version": 2, "savedAt": NOW.isoformat(), "savedBy": "ada@example.com", "name": "n", "steps": 2}

READERS: Any = [{"workflowId": "wf_0001", "workflowName": "order-intake", "stepIds": ["send", "ask"]}]


async def answer(app: FlowDeskApp, pilot: Pilot[int], dialog: ModalScreen[Any], *keys: str) -> Any:
    """What the dialog answers after these keys, or OPEN."""
    given: list[Any] = []
    app.push_screen(dialog, given.append)
    await until(lambda: app.screen is dialog and dialog.focused, type(dialog).__name__)
    await settled(app)
    box = dialog.query_one(".dialog")
    assert box.region.width >= LEAST_COLUMNS, dialog
    texts = [text for text in box.walk_children(Static) if all(node.display for node in text.ancestors_with_self)]
    assert [text for text in texts if str(text.content) and not text.region.area] == [], dialog
    await pilot.press(*keys)
    await settled(app)
    return given[0] if given else OPEN


@presses(
    *("ConfirmModal/escape", "ConfirmModal/n", "ConfirmModal/y"),
    *("AskModal/escape", "SaveModal/escape", "ChooseFileModal/escape", "InspectModal/escape", "LoginModal/escape"),
    *("MessageModal/escape", "MessageModal/enter", "StepKindModal/escape", "StepKindModal/enter"),
    *("TryResultModal/escape", "TryResultModal/enter", "TryResultModal/q"),
    *("DecideModal/escape", "ConflictModal/escape", "ConnectToModal/escape", "VersionsModal/escape"),
    *("WorkflowSettingsModal/escape", "RunInputModal/escape", "RerunModal/escape", "SecretModal/escape"),
    *("UsagesModal/escape",),
)
async def test_keys_that_leave(world: World) -> None:
    played = failed_run(world)

    async def fetch(_number: int) -> dict[str, Any]:
        return {}

    async def never(_name: str, _document: dict[str, Any]) -> Any:
        raise AssertionError("nothing was to be saved")

    async with world.shown("workflows") as (app, pilot):
        connection, a_kind = app.connection, cast(StepKind, kinds()[0])
        assert connection is not None
        run: Any = played.document()
        cases: list[tuple[Callable[[], ModalScreen[Any]], tuple[str, ...], Any]] = [
            (lambda: ConfirmModal("Really?", yes="Yes"), ("escape", "n"), False),
            (lambda: ConfirmModal("Really?", yes="Yes"), ("y",), True),
            (lambda: AskModal("Name?", value="x"), ("escape",), None),
            (lambda: SaveModal("it", "x.json"), ("escape",), None),
            (lambda: ChooseFileModal("File?", "", (".json",)), ("escape",), None),
            (lambda: InspectModal({"a": 1}, "line"), ("escape",), None),
            (lambda: LoginModal(connection), ("escape",), None),
            (lambda: MessageModal("It", "a text"), ("escape", "enter"), None),
            (lambda: StepKindModal(a_kind), ("escape", "enter"), None),
            (lambda: TryResultModal("send", TRIAL, "nothing"), ("escape", "enter", "q"), None),
            (lambda: DecideModal([QUESTION]), ("escape",), None),
            (lambda: ConflictModal([Conflict("steps.a", "a", {}, {}, {})], "ada"), ("escape",), None),
            (lambda: ConnectToModal("a", ["b"], []), ("escape",), None),
            (lambda: VersionsModal([VERSION], {}, fetch), ("escape",), None),
            (lambda: WorkflowSettingsModal(world.workflows[0]), ("escape",), None),
            (lambda: RunInputModal("hello", "{}"), ("escape",), None),
            (lambda: RerunModal(run, None), ("escape",), None),
            (lambda: SecretModal(never), ("escape",), None),
            (lambda: UsagesModal("A", READERS), ("escape",), None),
        ]
        for make, keys, wanted in cases:
            for key in keys:
                assert await answer(app, pilot, make(), key) == wanted, (make(), key)


@presses(
    *("MessageModal/y", "TryResultModal/y", "StepKindModal/j", "StepKindModal/k", "DecideModal/j", "DecideModal/k"),
    *("RerunModal/j", "RerunModal/k", "PaletteModal/down", "PaletteModal/up", "PaletteModal/ctrl+n"),
    *("PaletteModal/ctrl+p", "UsagesModal/j", "UsagesModal/k"),
)
async def test_keys_that_copy_and_move(world: World) -> None:
    played = failed_run(world)
    async with world.shown("workflows", size=(120, 20)) as (app, pilot):
        assert await answer(app, pilot, MessageModal("It", "a text"), "y") == OPEN
        assert app.clipboard == "a text"
        assert await answer(app, pilot, TryResultModal("send", TRIAL, "nothing"), "y") == OPEN
        assert "sent" in app.clipboard
        http = cast(StepKind, next(kind for kind in kinds() if kind["ref"] == "http.request"))
        assert await answer(app, pilot, StepKindModal(http), "j", "j") == OPEN
        assert app.screen.query_one(".dialog").scroll_offset.y == 2
        await pilot.press("k")
        await settled(app)
        assert app.screen.query_one(".dialog").scroll_offset.y == 1
        run: Any = played.document()
        for dialog, down, up in (
            (DecideModal([QUESTION]), "j", "k"),
            (RerunModal(run, None), "j", "k"),
            (UsagesModal("A", READERS), "j", "k"),
            (PaletteModal(app.screen_stack[0]), "down", "up"),
            (PaletteModal(app.screen_stack[0]), "ctrl+n", "ctrl+p"),
        ):
            assert await answer(app, pilot, dialog) == OPEN
            rows = dialog.query(OptionList).first()
            before = rows.highlighted
            assert before is not None
            await pilot.press(down)
            await settled(app)
            assert rows.highlighted == before + 1, dialog
            await pilot.press(up)
            await settled(app)
            assert rows.highlighted == before, dialog


@presses(
    *("ConflictModal/m", "ConflictModal/t", "ConflictModal/ctrl+s", "ConnectToModal/delete", "ConnectToModal/x"),
    *("WorkflowSettingsModal/ctrl+s", "RunInput/enter", "RunInput/shift+enter", "RunInputModal/ctrl+s"),
    *("ChooseFileModal/tab", "RerunModal/ctrl+s"),
)
async def test_keys_that_take_over_what_was_chosen(world: World, tmp_path: Path) -> None:
    played = failed_run(world)
    world.http.on("POST", f"/api/runs/{played.id}/rerun", lambda r: {**world.runs[0], "id": "run_0077"})
    (tmp_path / "only.json").write_text("{}")
    async with world.shown("workflows") as (app, pilot):
        both = [Conflict(f"steps.{name}", name, {}, {"m": 1}, {"t": 1}) for name in "ab"]
        assert await answer(app, pilot, ConflictModal(both, "ada"), "ctrl+s") == OPEN, "nothing was chosen yet"
        taken = await answer(app, pilot, ConflictModal(both, "ada"), "home", "m", "end", "t", "ctrl+s")
        assert taken == {"steps.a": "mine", "steps.b": "theirs"}
        for key in ("delete", "x"):
            cut = await answer(app, pilot, ConnectToModal("a", ["b"], [{"to": "b"}]), key)
            assert cut == Wanted("b", {}, cut=True)
        settings = await answer(app, pilot, WorkflowSettingsModal(world.workflows[0]), "end", "2", "ctrl+s")
        assert settings == {"name": "order-intake2"}
        assert await answer(app, pilot, RunInputModal("hello", '{"a": 1}'), "enter") == '{"a": 1}'
        dialog = RunInputModal("hello", "{}")
        assert await answer(app, pilot, dialog, "shift+enter") == OPEN
        assert "\n" in dialog.query_one(TextArea).text
        await pilot.press("ctrl+s")
        await until(lambda: app.screen is not dialog, "the end of it")
        choosing = ChooseFileModal("File?", f"{tmp_path}/on", (".json",))
        assert await answer(app, pilot, choosing, "l") == OPEN
        line = choosing.query_one(Input)
        await until(lambda: line._suggestion, "the suggestion")
        await pilot.press("tab")
        assert line.value == f"{tmp_path}/only.json"
        run: Any = played.document()
        again = RerunModal(run, None)
        made: list[Any] = []
        app.push_screen(again, made.append)
        await until(lambda: app.screen is again and again.plans, "the plan")
        await pilot.press("ctrl+s")
        async with asyncio.timeout(20):
            await until(lambda: made, "the new run")
        assert made == ["run_0077"]


USAGES: Final[Any] = [{"workflowId": "w", "workflowName": f"flow {n}", "stepIds": ["a"]} for n in range(30)]


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 36)])
@pytest.mark.parametrize(
    ("make", "below"),
    [
        (lambda: MessageModal("It", "a long line of a text\n" * 60, hint="a hint"), "y copies it"),
        (lambda: UsagesModal("S", USAGES), "enter opens the step"),
    ],
)
async def test_what_stands_below_a_long_text_stays_on_the_screen(
    world: World, size: tuple[int, int], make: Callable[[], Screen[Any]], below: str
) -> None:
    async with world.shown("workflows", size=size) as (app, _pilot):
        app.push_screen(make())
        await until(lambda: below in screen_text(app), "how to leave")
