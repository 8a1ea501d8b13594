"""The input of a run as a form: drawn from the workflow's `inputs`, seen as JSON and back, refused without loss."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Checkbox, Select, Static

from engine.errors import Problem
from engine.jsonio import parse_json
from flowdesk.tui.modals.input_form import InputForm
from flowdesk.tui.modals.run_input import RunInput, RunInputModal
from flowdesk.tui.widgets.form.field_row import FieldRow
from tests.tui.pressing import presses
from tests.tui.screen_text import screen_text
from tests.tui.scripted import Request, refuse
from tests.tui.waiting import idle, settled, until
from tests.tui.world import HOSTILE, World

INPUTS: dict[str, Any] = {
    "type": "object",
    "required": ["who", "count"],
    "properties": {
        "who": {"type": "string", "minLength": 1},
        "count": {"type": "integer", "minimum": 1},
        "loud": {"type": "boolean", "default": False},
        "tone": {"enum": ["warm", "cold"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


async def _asked(app: Any) -> RunInputModal:
    await until(lambda: isinstance(app.screen, RunInputModal) and app.screen.focused, "the dialog")
    await settled(app)
    modal = app.screen
    assert isinstance(modal, RunInputModal)
    return modal


def _trouble(modal: RunInputModal) -> str:
    return str(modal.query_one("#trouble", Static).render())


@presses("RunInputModal/f7", "RunInputModal/ctrl+s")
async def test_inputs_are_drawn_as_a_form_that_can_be_seen_as_json_and_back(world: World) -> None:
    world.workflows[1]["inputs"] = INPUTS
    world.runs[3]["trigger"] = {"kind": "manual", "data": {"extra": 1, "tone": "cold"}}
    world.http.on("POST", "/api/workflows/{}/execute", lambda _r: world.runs[0])
    async with world.shown("workflows", size=(120, 40)) as (app, pilot):
        await pilot.press("j", "r")
        modal = await _asked(app)
        assert len(modal.query(Select)) == 1
        assert len(modal.query(Checkbox)) == 1
        await pilot.press("A", "d", "a", "ctrl+s")
        await settled(app)
        assert "Count is required" in _trouble(modal)
        row = app.focused and app.focused.parent
        assert isinstance(row, FieldRow)
        assert row.field.key == "count"
        await pilot.press("2", "f7")
        await settled(app)
        text = modal.query_one(RunInput)
        assert parse_json(text.text.encode()) == {"extra": 1, "tone": "cold", "who": "Ada", "count": 2}
        text.text = text.text.replace("Ada", "Bea") + "oops"
        await pilot.press("f7")
        await settled(app)
        assert text.display, "what is no JSON stays in sight"
        text.text = text.text.removesuffix("oops")
        await pilot.press("f7", "ctrl+s")
        await idle(app)
        sent = world.http.calls("POST")[0].body["data"]
        assert sent == {"extra": 1, "tone": "cold", "who": "Bea", "count": 2}


async def test_what_was_typed_is_kept_when_the_server_refuses_it_and_the_field_says_why(world: World) -> None:
    world.workflows[1]["inputs"] = INPUTS
    refusals = [{"code": "wrong_type", "message": f"not {HOSTILE}", "field": "data.who"}]

    def execute(request: Request) -> Any:
        if refusals:
            raise refuse(422, "invalid_inputs", "the input does not fit", problems=[refusals.pop()])
        return world.runs[0]

    world.http.on("POST", "/api/workflows/{}/execute", execute)
    async with world.shown("workflows", size=(120, 40)) as (app, pilot):
        await pilot.press("j", "r")
        first = await _asked(app)
        await pilot.press("A", "tab", "2", "ctrl+s")
        await until(lambda: app.screen is not first and isinstance(app.screen, RunInputModal), "asked again")
        again = await _asked(app)
        assert again.query_one(InputForm).value == {"who": "A", "count": 2}
        assert "not x [/y]" in screen_text(app)
        assert "\x1b" not in screen_text(app)
        await pilot.press("end", "d", "ctrl+s")
        await idle(app)
        assert [call.body["data"]["who"] for call in world.http.calls("POST")] == ["A", "Ad"]


async def test_a_refused_sample_is_still_the_sample_as_long_as_nothing_is_changed(world: World) -> None:
    async with world.shown("workflows", size=(120, 40)) as (app, pilot):
        for inputs in (INPUTS, None):
            given: dict[str, Any] = {"practice": app.live.client.practice, "workflow_id": "wf_0002", "sample": "big"}
            modal = RunInputModal("hello", '{"who": "A", "count": 1}', inputs=inputs, **given)
            app.push_screen(modal)
            await _asked(app)
            await pilot.press("ctrl+s")
            await settled(app)
            assert modal.sample == "big"
            changed = RunInputModal("hello", '{"who": "A", "count": 1}', inputs=INPUTS, **given)
            app.push_screen(changed)
            await _asked(app)
            await pilot.press("B", "ctrl+s")
            await settled(app)
            assert changed.sample is None


@pytest.mark.parametrize("read_only", [True, False])
async def test_a_read_only_session_keeps_no_samples(world: World, read_only: bool) -> None:
    async with world.shown("workflows", read_only=read_only) as (app, pilot):
        modal = RunInputModal("hello", "{}", practice=app.live.client.practice, workflow_id="wf_0002")
        app.push_screen(modal)
        await _asked(app)
        await pilot.press("f9")
        await settled(app)
        assert (app.screen is modal) == read_only
        assert ("f9" in screen_text(app)) == (not read_only)
        assert not world.http.calls("PUT")


async def test_a_refusal_about_no_field_in_sight_is_said_below(world: World) -> None:
    async with world.shown("workflows", size=(120, 40)) as (app, _pilot):
        problems = [Problem("missing", "this is needed", field="data.other"), Problem("odd", "no")]
        for inputs in (INPUTS, None):
            modal = RunInputModal("hello", '{"who": "A"}', inputs=inputs, refused=problems)
            app.push_screen(modal)
            assert _trouble(await _asked(app)) == "data.other: this is needed; no"
            modal.action_leave()
            await settled(app)
