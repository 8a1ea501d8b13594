"""Saving, bringing two people's changes together, versions, and drafts that outlive a crash."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

from textual.widgets import OptionList, Static

from flowdesk.tui.document.drafts_store import DraftsStore
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.conflict import ConflictModal
from flowdesk.tui.modals.versions import VersionsModal
from flowdesk.tui.screens.editor.screen import EditorScreen
from tests.tui.pressing import presses
from tests.tui.screens.editor.desk import ORDER, Desk, dialog, ids, opened
from tests.tui.scripted import refuse
from tests.tui.waiting import idle, said, until
from tests.tui.world import World


@presses("editor.save")
async def test_saving_makes_a_version_and_leaves_no_change(world: World) -> None:
    desk = Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        assert screen.refusal("editor.save") == "nothing has changed"
        await pilot.press("x", "ctrl+s")
        await until(lambda: desk.saved, "the save")
        await idle(app)
        assert desk.saved[0]["version"] == 3
        assert [step["id"] for step in desk.saved[0]["steps"]] == ["webhook", "check", "auto", "send"]
        assert screen.draft.version == 4
        assert not screen.draft.changed


async def test_a_new_workflow_is_created_once(world: World) -> None:
    desk = Desk(world)
    async with opened(world, None) as (app, pilot, screen):
        await pilot.press(*"mine", "ctrl+s")
        await until(lambda: screen.workflow_id == "wf_0099", "the id")
        await idle(app)
        assert desk.saved[0]["name"] == "mine"
        assert not screen.draft.changed


async def test_a_refused_document_shows_its_problems(world: World) -> None:
    desk = Desk(world)
    problem = {"code": "x", "message": "is wrong", "stepId": "send", "field": "params.url"}

    def no(_request: object) -> None:
        raise refuse(422, "invalid", "the workflow has problems", problems=[problem])

    world.http.on("PUT", "/api/workflows/{}", no)
    desk.problems = [problem]
    async with opened(world, step="ask") as (app, pilot, screen):
        await pilot.press("x", "ctrl+s")
        await until(lambda: world.http.calls("PUT"), "the try")
        await idle(app)
        assert [p.field for p in screen.problems] == ["params.url"]
        assert screen.draft.changed


async def test_changes_in_different_places_are_merged_after_showing_them(world: World) -> None:
    desk = Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        desk.somebody_saves(description="theirs")
        await pilot.press("x", "ctrl+s")
        await dialog(app, ConfirmModal)
        await pilot.press("y")
        await idle(app)
        assert screen.draft.document["description"] == "theirs"
        assert ids(screen) == ["webhook", "check", "auto", "send"]
        assert screen.draft.version == 4
        await pilot.press("ctrl+s")
        await until(lambda: desk.saved, "the save")
        await idle(app)
        assert desk.saved[0]["version"] == 4


async def conflicting(desk: Desk) -> None:
    steps = deepcopy(desk.workflow()["steps"])
    steps[2]["params"] = {"message": "theirs"}
    desk.somebody_saves(steps=steps)


async def test_a_conflict_is_decided_step_by_step(world: World) -> None:
    desk = Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        await screen.form.focus_field("params.message")
        await pilot.press("end", "!")
        await until(lambda: screen.draft.changed, "the change")
        await conflicting(desk)
        await pilot.press("ctrl+s")
        modal = await dialog(app, ConflictModal)
        assert str(modal.query_one(OptionList).get_option_at_index(0).prompt) == "steps.ask  ?  params"
        told = modal.query_one("#theirs", Static).render()
        strong = [str(told)[span.start : span.end].strip() for span in told.spans if "bold" in str(span.style)]
        assert strong == ['"message": "theirs"'], "only what differs stands out"
        await pilot.press("enter")
        assert app.screen is modal  # nothing chosen yet
        await pilot.press("t", "enter")
        await idle(app)
        assert screen.step is not None
        assert screen.step["params"] == {"message": "theirs"}
        assert screen.draft.version == 4
        assert not screen.draft.changed


async def test_leaving_the_conflict_loses_nothing(world: World) -> None:
    desk = Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        await pilot.press("x")
        await idle(app)
        mine = screen.draft.document
        await conflicting(desk)
        await pilot.press("ctrl+s")
        await dialog(app, ConflictModal)
        await pilot.press("escape")
        await idle(app)
        assert screen.draft.document is mine
        assert screen.draft.version == 3
        assert desk.saved == []


@presses("editor.versions")
async def test_an_old_version_is_restored_as_a_new_one(world: World) -> None:
    desk = Desk(world)
    async with opened(world) as (app, pilot, screen):
        await pilot.press("V")
        modal = await dialog(app, VersionsModal)
        assert "ada@example.com" in str(modal.query_one(OptionList).get_option_at_index(0).prompt)
        await pilot.press("down")
        await until(lambda: "description" in str(modal.query_one("#changes").render()), "the difference")
        await pilot.press("enter")
        await until(lambda: screen.draft.version == 4, "the version")
        await idle(app)
        assert screen.draft.document["description"] == "as it was"
        assert not screen.draft.changed
        desk.who = "usr_1"
        await pilot.press("V")
        modal = await dialog(app, VersionsModal)
        assert "  you  " in str(modal.query_one(OptionList).get_option_at_index(0).prompt)
        await pilot.press("escape")
        await idle(app)


@presses("editor.discard")
async def test_what_was_typed_is_there_again_and_can_be_given_up(world: World, tmp_path: Path) -> None:
    Desk(world)
    store = DraftsStore(tmp_path)
    async with opened(world, step="ask", state_dir=tmp_path) as (app, pilot, screen):
        await pilot.press("x")
        await idle(app)
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, EditorScreen), "the way back")
        await until(lambda: store.load(screen.server, ORDER).draft is not None, "the draft")
    async with opened(world, state_dir=tmp_path) as (app, pilot, screen):
        assert ids(screen) == ["webhook", "check", "auto", "send"]
        await pilot.press("u")
        await idle(app)
        assert not screen.draft.changed
        await pilot.press("ctrl+r", "D")
        await idle(app)
        assert not screen.draft.changed
        await until(lambda: store.load(screen.server, ORDER).draft is None, "the end of the draft")


async def test_a_draft_is_kept_while_it_is_edited(world: World, tmp_path: Path) -> None:
    Desk(world)
    store = DraftsStore(tmp_path)
    async with opened(world, state_dir=tmp_path) as (_app, pilot, screen):
        await pilot.press("3")
        await until(lambda: screen.source.has_focus_within, "the source")
        await pilot.press("ctrl+end", "{")
        await until(lambda: store.load(screen.server, ORDER).draft is not None, "the draft on disk")
        found = store.load(screen.server, ORDER).draft
        assert found is not None
        assert found.source == screen.source.text


async def test_offline_the_draft_can_be_edited_and_not_saved(world: World, tmp_path: Path) -> None:
    Desk(world)
    async with opened(world, step="ask", state_dir=tmp_path) as (_app, pilot, screen):
        world.http.down = True
        world.http.drop_streams()
        await until(lambda: screen.live.state != "connected", "the lost server")
        await pilot.press("x")
        await until(lambda: len(ids(screen)) == 4, "the edit")
        assert screen.refusal("editor.save") == "there is no connection to the server"
        world.http.down = False


async def test_a_read_only_session_offers_no_saving(world: World) -> None:
    desk = Desk(world)
    async with opened(world, step="ask", read_only=True) as (app, pilot, screen):
        await pilot.press("x", "ctrl+s")
        await idle(app)
        assert desk.saved == []
        assert screen.refusal("editor.save") == "this session is read-only"


async def left_with_a_draft(world: World, state_dir: Path) -> None:
    async with opened(world, step="ask", state_dir=state_dir) as (app, pilot, _screen):
        await pilot.press("x")
        await idle(app)


async def test_a_draft_of_an_older_version_is_merged_when_saved(world: World, tmp_path: Path) -> None:
    desk = Desk(world)
    await left_with_a_draft(world, tmp_path)
    desk.somebody_saves(description="theirs")
    async with opened(world, state_dir=tmp_path, toasts=True) as (app, pilot, screen):
        assert screen.draft.version == 3
        assert any("v4 was saved meanwhile" in text for text in said(app))
        await pilot.press("ctrl+s")
        await dialog(app, ConfirmModal)
        await pilot.press("y")
        await idle(app)
        assert screen.draft.document["description"] == "theirs"
        assert ids(screen) == ["webhook", "check", "auto", "send"]


async def test_without_a_server_the_draft_is_opened(world: World, tmp_path: Path) -> None:
    Desk(world)
    await left_with_a_draft(world, tmp_path)

    def no(_request: object) -> None:
        raise refuse(503, "starting", "not yet")

    world.http.on("GET", "/api/workflows/{}", no)
    async with opened(world, state_dir=tmp_path) as (_app, _pilot, screen):
        assert ids(screen) == ["webhook", "check", "auto", "send"]


async def test_a_workflow_that_is_gone_is_told_and_left(world: World) -> None:
    Desk(world)
    async with world.shown("workflows", toasts=True) as (app, _pilot):
        app.open_editor("wf_gone")
        await until(lambda: any("Opening the workflow failed" in text for text in said(app)), "the message")
        assert not isinstance(app.screen, EditorScreen)
