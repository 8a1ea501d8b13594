"""Rehearsing in the editor: up to a step, with pinned outputs, with samples, and with a webhook that is captured."""

from __future__ import annotations

import pytest
from textual.widgets import Input, OptionList, Static

from flowdesk.tui.modals.ask import AskModal
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.run_input import RunInput, RunInputModal
from flowdesk.tui.modals.samples import SamplesModal, wrong_name
from flowdesk.tui.modals.try_result import TryResultModal
from flowdesk.tui.screens import capturing
from flowdesk.tui.screens.editor.screen import EditorScreen
from flowdesk.tui.screens.run.screen import RunScreen
from flowdesk.tui.widgets.header import HeaderLine
from tests.tui.practice import Kept
from tests.tui.pressing import presses
from tests.tui.runs import failed_run
from tests.tui.screen_text import screen_text
from tests.tui.screens.editor.desk import ORDER, Desk, dialog, opened
from tests.tui.waiting import idle, said, until
from tests.tui.world import HOSTILE, World

WRITABLE = HOSTILE.replace("\ud800", "")
"""Such text can come from outside and be stored."""


def note(screen: EditorScreen) -> str:
    return screen.query_one(HeaderLine).note


@pytest.fixture
def kept(world: World) -> Kept:
    """The editor's server, and what it keeps."""
    Desk(world)
    return Kept(world)


@presses("editor.run_to")
async def test_a_rehearsal_runs_up_to_the_chosen_step_with_the_pins(world: World, kept: Kept) -> None:
    played = failed_run(world)
    world.http.on("POST", "/api/workflows/{}/execute", lambda r: {"id": played.id})
    async with opened(world, step="check") as (app, pilot, _screen):
        await pilot.press("R")
        asked = await dialog(app, RunInputModal)
        assert "up to check" in str(asked.query(Static).first().render())
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, RunScreen), "the run view")
        (call,) = world.http.calls("POST", f"/api/workflows/{ORDER}/execute")
        assert call.body["rehearsal"] == {"until": "check", "keptPins": True}
        await idle(app)


@presses("editor.pin", "editor.unpin")
@pytest.mark.parametrize("columns", [140, 90])
async def test_the_output_of_the_last_test_is_pinned_shown_and_unpinned(world: World, kept: Kept, columns: int) -> None:
    async with opened(world, step="auto", size=(columns, 40), toasts=True) as (app, pilot, screen):
        assert screen.refusal("editor.unpin") == "no output is pinned to it; p pins one"
        await pilot.press("t")
        await dialog(app, TryResultModal)
        await pilot.press("escape")
        await idle(app)
        await pilot.press("p")
        await until(lambda: kept.pins, "the pin")
        await idle(app)
        assert kept.pins["auto"]["output"] == {"sent": True}
        assert "◈" in screen_text(app)
        assert str(screen.form.border_title).endswith("pinned")
        assert any("its output of the last test" in text for text in said(app))
        await pilot.press("P")
        await until(lambda: not kept.pins, "the end of the pin")
        await idle(app)
        assert "◈" not in screen_text(app)
        assert not str(screen.form.border_title).endswith("pinned")


async def test_without_a_test_the_output_of_the_run_shown_is_pinned(world: World, kept: Kept) -> None:
    def gave(output: object) -> None:
        shown = {**world.runs[0], "questions": [], "logs": [], "seq": 9, "data": {}}
        step = {"id": "check", "status": "SUCCESS", "output": output, "route": "yes"}
        world.http.on("GET", "/api/runs/{}", lambda r: {**shown, "steps": [step]})

    gave({"$blob": "b1", "size": 9_000_000})
    async with opened(world, step="check", toasts=True) as (app, pilot, _screen):
        await pilot.press("p")
        await until(lambda: any("too large" in text for text in said(app)), "the refusal")
        gave({"result": True})
        await pilot.press("p")
        await until(lambda: kept.pins, "the pin")
        assert (kept.pins["check"]["output"], kept.pins["check"]["route"]) == ({"result": True}, "yes")
        await idle(app)


async def test_a_step_that_gave_nothing_cannot_be_pinned(world: World, kept: Kept) -> None:
    async with opened(world, step="send", toasts=True) as (app, pilot, _screen):
        await pilot.press("p")
        await until(lambda: any("send gave nothing in run_0001" in text for text in said(app)), "the refusal")
        assert not kept.pins


async def test_pins_that_are_kept_are_marked_from_the_beginning(world: World, kept: Kept) -> None:
    kept.pin("send", {"text": HOSTILE})
    kept.pin(HOSTILE, 1)
    async with opened(world, size=(90, 40)) as (app, _pilot, screen):
        assert set(screen.pins) == {"send", HOSTILE}
        assert "pinned" in screen_text(app)
        assert "\x1b" not in screen_text(app)


@presses("RunInputModal/f8", "RunInputModal/f9", "SamplesModal/escape")
async def test_a_kept_sample_is_chosen_and_what_is_typed_is_kept(world: World, kept: Kept) -> None:
    played = failed_run(world)
    world.http.on("POST", "/api/workflows/{}/execute", lambda r: {"id": played.id})
    kept.sample("spring", {"text": WRITABLE}, headers={"x-event": "1"})
    kept.sample("damaged", {"text": HOSTILE})
    async with opened(world, step="check") as (app, pilot, _screen):
        await pilot.press("r")
        asked = await dialog(app, RunInputModal)
        await pilot.press("f9")
        await dialog(app, AskModal)
        app.screen.query_one(Input).value = "as typed"
        await pilot.press("enter")
        assert isinstance(app.screen, AskModal), "blanks are no name"
        app.screen.query_one(Input).value = "typed"
        await pilot.press("enter")
        await until(lambda: "typed" in kept.samples, "the sample")
        await until(lambda: app.screen is asked, "the way back")
        await pilot.press("f8")
        await dialog(app, SamplesModal)
        await pilot.press("escape")
        await until(lambda: app.screen is asked, "the way back")
        assert asked.sample is None
        await pilot.press("f8")
        choosing = await dialog(app, SamplesModal)
        assert "\x1b" not in screen_text(app)
        assert choosing.query_one(OptionList).option_count == 3
        await pilot.press("enter")
        await until(lambda: asked.sample == "spring", "the sample")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, RunScreen), "the run view")
        (call,) = world.http.calls("POST", f"/api/workflows/{ORDER}/execute")
        assert call.body["rehearsal"] == {"sample": "spring"}
        assert call.body["data"] == {"text": WRITABLE}
        await idle(app)


async def test_a_sample_that_is_changed_is_plain_input(world: World, kept: Kept) -> None:
    kept.sample("spring", {"a": 1})
    async with opened(world, step="check") as (app, pilot, _screen):
        await pilot.press("r")
        asked = await dialog(app, RunInputModal)
        await pilot.press("f8")
        await dialog(app, SamplesModal)
        await pilot.press("enter")
        await until(lambda: asked.sample == "spring", "the sample")
        asked.query_one(RunInput).text = '{"a": 2}'
        await until(lambda: asked.sample is None, "the end of the sample")
        await pilot.press("escape")
        await idle(app)


@presses("editor.capture")
async def test_the_next_webhook_is_captured_and_told(world: World, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capturing, "LOOK_EACH_S", 0.01)
    async with opened(world, size=(140, 40), toasts=True) as (app, pilot, screen):
        await pilot.press("W")
        await until(lambda: "capturing order-intake until" in note(screen), "the note")
        kept.webhook("captured-1", {"text": HOSTILE})
        await until(lambda: any("kept as the sample captured-1" in text for text in said(app)), "the sample")
        assert "capturing" not in note(screen)
        await idle(app)


async def test_waiting_for_a_webhook_is_seen_again_and_cancelled(world: World, kept: Kept) -> None:
    async with opened(world, size=(140, 40)) as (app, pilot, _screen):
        await pilot.press("W")
        await until(lambda: kept.until, "the waiting")
        await pilot.press("escape")
        await idle(app)
        app.open_editor(ORDER)
        await until(lambda: isinstance(app.screen, EditorScreen) and app.screen.loaded, "the editor")
        again = app.screen
        assert isinstance(again, EditorScreen)
        await until(lambda: "capturing" in note(again), "the note")
        await pilot.press("W")
        await until(lambda: kept.until is None, "the end of it")
        await until(lambda: "capturing" not in note(again), "no note")
        await idle(app)


async def test_a_production_server_asks_before_it_captures(world: World, kept: Kept) -> None:
    world.label = "production"
    async with opened(world) as (app, pilot, _screen):
        await pilot.press("W")
        await dialog(app, ConfirmModal)
        await pilot.press("n")
        await idle(app)
        assert kept.until is None


async def test_a_production_server_asks_before_it_keeps_a_sample(world: World, kept: Kept) -> None:
    world.label = "production"
    async with opened(world, step="check") as (app, pilot, _screen):
        await pilot.press("r")
        asked = await dialog(app, RunInputModal)
        for answer, samples in (("n", []), ("y", ["typed"])):
            await pilot.press("f9")
            await dialog(app, AskModal)
            app.screen.query_one(Input).value = "typed"
            await pilot.press("enter")
            await dialog(app, ConfirmModal)
            await pilot.press(answer)
            await until(lambda: app.screen is asked, "the way back")
            await until(lambda expected=samples: list(kept.samples) == expected, "the answer")  # type: ignore[misc]
        await pilot.press("escape")
        await idle(app)


async def test_what_needs_a_saved_workflow_or_a_webhook_says_so(world: World, kept: Kept) -> None:
    async with opened(world, None, draft={"name": "mine", "steps": [{"id": "go", "ref": "core.log"}]}) as (_a, _p, new):
        for act in ("editor.pin", "editor.unpin", "editor.capture"):
            assert new.why_not(act) == "the workflow was never saved"
    async with opened(world, "wf_0002") as (_app, _pilot, hello):
        assert hello.why_not("editor.capture") == "it has no webhook"


@pytest.mark.parametrize(("typed", "fine"), [("a", True), ("a.b-c_1", True), ("", False), ("a b", False), ("é", False)])
def test_names_of_samples_are_those_the_server_takes(typed: str, fine: bool) -> None:
    assert (wrong_name(typed) is None) is fine
