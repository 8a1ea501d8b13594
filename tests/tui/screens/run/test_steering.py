"""Cancelling, deciding and running again, from the run view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Input, OptionList, Static, TextArea

from flowdesk.tui.modals.asking import InspectModal
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.decide import DecideModal
from flowdesk.tui.modals.message import MessageModal
from flowdesk.tui.modals.rerun import RerunModal
from flowdesk.tui.modals.save import SaveModal
from flowdesk.tui.screens.run.screen import RunScreen
from flowdesk.tui.widgets.form.field_row import FieldRow
from flowdesk.tui.widgets.step_data import LARGEST_SHOWN
from tests.tui.pressing import presses
from tests.tui.runs import MAIL, Played, failed_run, running_run
from tests.tui.screens.run.test_screen import opened
from tests.tui.scripted import refuse
from tests.tui.waiting import idle, said, settled, until
from tests.tui.world import HOSTILE, World, run


def asked_run(world: World) -> Played:
    """A run that waits to hear whether a step happened."""
    played = Played(world, 4)
    played.start("look")
    played.ask("look")
    return played.serve()


@presses("run.cancel")
async def test_cancel_asks_and_y_does_it(world: World) -> None:
    played = running_run(world)
    async with opened(played) as (app, pilot, screen):
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("enter")  # the focus is on Cancel
        await until(lambda: app.screen is screen, "the way back")
        assert world.http.calls("POST") == []
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("y")
        await until(lambda: screen.model is not None and screen.model.run["status"] == "CANCELLED", "the end")
        assert len(world.http.calls("POST", f"/api/runs/{played.id}/cancel")) == 1


@pytest.mark.parametrize("outcome", ["done", "again", "fail"])
@presses("run.decide")
async def test_a_question_is_answered(world: World, outcome: str) -> None:
    played = asked_run(world)
    given: list[Any] = []

    def answer(request: Any) -> Any:
        given.append(request.body)
        played.resolve("look", request.body["outcome"], request.body.get("data"))
        return played.document()

    world.http.on("POST", f"/api/runs/{played.id}/decide", answer)
    async with opened(played) as (app, pilot, screen):
        assert screen.chosen == "look"
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, DecideModal), "the question")
        modal = app.screen
        modal.query_one("#data", Input).value = '{"id": 7}'
        modal.query_one("#reason", Input).value = "asked the partner"
        modal.query_one(OptionList).highlighted = 1 + ["done", "again", "fail"].index(outcome)
        await pilot.press("enter")
        await until(lambda: given, "the answer")
        await until(lambda: screen.model is not None and not screen.model.run["questions"], "that it is settled")
    data = {"data": {"id": 7}} if outcome == "done" else {}
    assert given == [{"stepId": "look", "outcome": outcome, "reason": "asked the partner", **data}]


FORM = {
    "type": "object",
    "properties": {"amount": {"type": "integer", "title": "How much"}, "why": {"type": "string"}},
    "required": ["amount"],
}


def approval_run(world: World) -> Played:
    """A run that asks for an approval with a form."""
    played = Played(world, 4)
    played.start("look")
    endings = {"approve": {"route": "approve"}, "reject": {"code": "rejected"}, "send-back": {"route": "send-back"}}
    asked = {"for": "approval", "endings": endings, "message": f"pay {HOSTILE}?", "form": FORM, "deciders": []}
    played.ask("look", **asked)
    return played.serve()


async def test_an_approval_is_given_with_its_form(world: World) -> None:
    played = approval_run(world)
    given: list[Any] = []

    def answer(request: Any) -> Any:
        given.append(request.body)
        if len(given) == 1:
            raise refuse(
                422,
                "answer_misfit",
                "it does not fit",
                problems=[{"code": "missing", "message": "x", "field": "data.amount"}],
            )
        played.resolve("look", "done")
        return played.document()

    world.http.on("POST", f"/api/runs/{played.id}/decide", answer)
    async with opened(played) as (app, pilot, screen):
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, DecideModal), "the question")
        first = app.screen
        assert first.query_one("#form-0").display
        assert not first.query_one("#data").display
        first.query_one("#reason", Input).value = "fine"
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DecideModal) and app.screen is not first, "the question again")
        modal = app.screen
        assert "data.amount" in str(modal.query_one("#problem", Static).content)
        assert modal.query_one("#reason", Input).value == "fine"
        rows = {row.place: row for row in modal.query(FieldRow)}
        rows["data.amount"].put_text("5")
        await pilot.pause()
        await pilot.press("enter")
        await until(lambda: len(given) == 2, "the answer")
        await until(lambda: app.screen is screen, "the way back")
    assert given[0] == {"stepId": "look", "outcome": "approve", "data": {}, "reason": "fine"}
    assert given[1]["data"] == {"amount": 5}


async def test_sending_back_takes_the_feedback_and_no_form(world: World) -> None:
    played = approval_run(world)
    given: list[Any] = []

    def answer(request: Any) -> Any:
        given.append(request.body)
        raise refuse(409, "already_decided", "somebody was faster")

    world.http.on("POST", f"/api/runs/{played.id}/decide", answer)
    async with opened(played) as (app, pilot, screen):
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, DecideModal), "the question")
        modal = app.screen
        modal.query_one("#outcomes", OptionList).highlighted = 3
        await until(lambda: not modal.query_one("#form-0").display, "the form to go")
        modal.query_one("#reason", Input).value = "which order?"
        await pilot.press("enter")
        await until(lambda: app.screen is screen, "the way back, since somebody else was faster")
    assert given == [{"stepId": "look", "outcome": "send-back", "reason": "which order?"}]


async def test_an_output_that_is_no_json_is_told(world: World) -> None:
    async with opened(asked_run(world)) as (app, pilot, screen):
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, DecideModal), "the question")
        app.screen.query_one("#data", Input).value = "{" + HOSTILE
        await pilot.press("enter")
        await until(lambda: "not valid JSON" in str(app.screen.query_one("#problem", Static).content), "why")
        await pilot.press("escape")
        await until(lambda: app.screen is screen, "the way back")


def serve_rerun(world: World, played: Played) -> list[Any]:
    """Answer reruns with a new run; what was asked for."""
    asked: list[Any] = []
    made = failed_run(world, 40)

    def answer(request: Any) -> Any:
        asked.append(request.body)
        return {**run(40, played.saved, "QUEUED"), "id": made.id}

    world.http.on("POST", f"/api/runs/{played.id}/rerun", answer)
    return asked


@presses("run.rerun")
async def test_rerun_from_the_failed_step_is_two_keys(world: World) -> None:
    played = failed_run(world)
    asked = serve_rerun(world, played)
    async with opened(played) as (app, pilot, screen):
        await pilot.press("R")
        await until(lambda: isinstance(app.screen, RerunModal), "the dialog")
        modal = app.screen
        assert isinstance(modal, RerunModal)
        await until(lambda: modal.plans and modal.plans[0].spared, "what it means")
        assert modal.plans[0].again == (MAIL, "note")
        assert "look had an effect already" in str(modal.query_one("#warnings", Static).content)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, RunScreen) and app.screen is not screen, "the new run")
        await idle(app)
        assert asked == [{"version": "same", "from": MAIL}]


async def test_rerun_with_the_newest_definition_and_other_data(world: World) -> None:
    played = failed_run(world)
    asked = serve_rerun(world, played)
    kept = dict(played.saved)
    world.http.on("GET", f"/api/workflows/{kept['id']}", lambda r: {**kept, "version": 15})
    async with opened(played) as (app, pilot, _screen):
        await pilot.press("R")
        await until(lambda: isinstance(app.screen, RerunModal) and app.screen.plans[0].spared, "the dialog")
        modal = app.screen
        assert isinstance(modal, RerunModal)
        assert modal.version == "latest"
        text = modal.query_one(TextArea)
        text.text = "[1]"
        await pilot.press("enter")
        await until(lambda: "must be a JSON object" in str(modal.query_one("#trouble", Static).content), "why not")
        text.text = '{"email": "bob@example.org"}'
        modal.query_one(OptionList).highlighted = 1
        await pilot.press("enter")
        await until(lambda: asked, "the rerun")
    assert asked == [{"version": "latest", "data": {"email": "bob@example.org"}}]


async def test_on_a_production_server_a_rerun_is_asked_about(world: World) -> None:
    world.label = "production"
    played = failed_run(world)
    asked = serve_rerun(world, played)
    async with opened(played) as (app, pilot, _screen):
        await until(lambda: app.production, "the label")
        await pilot.press("R")
        await until(lambda: isinstance(app.screen, RerunModal) and app.screen.plans[0].spared, "the dialog")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        assert asked == []
        await pilot.press("y")
        await until(lambda: asked, "the rerun")


async def test_a_value_kept_apart_is_loaded_on_demand(world: World) -> None:
    played = failed_run(world)
    document = played.document()
    document["steps"][1]["output"] = {"$blob": "ref1", "size": 5_000}
    world.http.on("GET", f"/api/runs/{played.id}", lambda r: document)
    world.http.on("GET", f"/api/runs/{played.id}/journal", lambda r: [])
    world.http.on("GET", f"/api/runs/{played.id}/blobs/{{}}", lambda r: {"loaded": r.found[0]})
    async with opened(played, step="look", tab="output") as (app, pilot, screen):
        assert screen.tabs.output.note == "4.9 kB, kept apart from the journal"
        await pilot.press("O")
        await until(lambda: isinstance(app.focused, Button), "the button")
        await pilot.press("enter")
        await until(lambda: not screen.tabs.output.note, "the value")
        await idle(app)
        await pilot.press("y")
        await until(lambda: '"loaded": "ref1"' in app.clipboard, "the copy")


async def test_a_very_large_value_goes_to_a_file(world: World, tmp_path: Path) -> None:
    played = failed_run(world)
    document = played.document()
    document["steps"][1]["output"] = {"$blob": "ref1", "size": LARGEST_SHOWN + 1}
    world.http.on("GET", f"/api/runs/{played.id}", lambda r: document)
    world.http.on("GET", f"/api/runs/{played.id}/journal", lambda r: [])
    world.http.on("GET", f"/api/runs/{played.id}/blobs/{{}}", lambda r: {"loaded": r.found[0]})
    place = tmp_path / "value.json"
    async with opened(played, step="look", tab="output") as (app, pilot, screen):
        await pilot.press("O")
        await until(lambda: isinstance(app.focused, Button), "the button")
        for _ in range(2):  # the second time the file exists already and stays as it is
            await pilot.press("enter")
            await until(lambda: isinstance(app.screen, SaveModal), "where to")
            app.screen.query_one(Input).value = str(place)
            await pilot.press("enter")
            await until(lambda: app.screen is screen and place.exists(), "the file")
            await idle(app)
            place.write_text(place.read_text().replace("ref1", "kept"))
    assert "kept" in place.read_text()
    assert place.stat().st_mode & 0o777 == 0o600


async def test_a_line_of_the_log_is_looked_into(world: World) -> None:
    async with opened(failed_run(world), tab="log", toasts=True) as (app, pilot, screen):
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, InspectModal), "the line")
        await pilot.press("escape")
        await until(lambda: app.screen is screen, "the way back")
        await pilot.press("y")
        await until(lambda: "FAILED" in app.clipboard, "the copied line")
        await pilot.press("p")  # a test has no terminal to hand over
        await until(lambda: any("pager" in text for text in said(app)), "that it cannot be")


@presses("run.move")
async def test_a_failed_run_is_moved_to_the_newest_version(world: World) -> None:
    played = failed_run(world)
    played.saved["version"] = 7
    world.http.on("POST", "/api/runs/{}/move", lambda r: {**played.document(), "workflowVersion": 7})
    async with opened(played, toasts=True) as (app, pilot, screen):
        await pilot.press("V")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("n")
        await until(lambda: app.screen is screen, "the way back")
        assert world.http.calls("POST") == []
        await pilot.press("V")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("y")
        await until(lambda: any("the run goes on as v7 says" in text for text in said(app)), "the move")
        assert len(world.http.calls("POST", f"/api/runs/{played.id}/move")) == 1
        await idle(app)


async def test_a_run_that_does_not_fit_names_each_difference_and_stays(world: World) -> None:
    played = failed_run(world)
    played.saved["version"] = 7
    differs = [
        {"code": "step_differs", "message": "the new version has no such step", "stepId": "look"},
        {"code": "step_differs", "message": HOSTILE, "stepId": MAIL},
    ]
    refusal = refuse(422, "run_does_not_fit", "the run does not fit", problems=differs, hint="rerun it instead")
    world.http.on("POST", "/api/runs/{}/move", lambda r: refusal)
    async with opened(played) as (app, pilot, screen):
        await pilot.press("V")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("y")
        await until(lambda: isinstance(app.screen, MessageModal), "the differences")
        await settled(app)
        told = " ".join(str(part.render()) for part in app.screen.query(Static))
        assert "look: the new version has no such step" in told
        assert "rerun it instead" in told
        assert "\x1b" not in told
        await pilot.press("escape")
        await until(lambda: app.screen is screen, "the way back")
        await idle(app)


async def test_a_run_is_not_moved_where_that_makes_no_sense(world: World) -> None:
    async with opened(running_run(world)) as (_app, _pilot, screen):
        assert screen.why_not("run.move") == "only a run that waits or has failed can be moved"
    async with opened(failed_run(world, 4), toasts=True) as (app, pilot, _screen):
        await pilot.press("V")
        await until(lambda: any("the newest version, already" in text for text in said(app)), "the answer")
        assert world.http.calls("POST") == []
