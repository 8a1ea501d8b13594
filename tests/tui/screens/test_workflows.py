"""The list of workflows, key by key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, Static, TextArea

from flowdesk.local import data_dir
from flowdesk.tui.document.drafts_store import DraftsStore, StoredDraft
from flowdesk.tui.modals.choose import ChooseFileModal, complete
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.run_input import RunInputModal
from flowdesk.tui.screens import capturing
from flowdesk.tui.widgets.header import HeaderLine
from tests.tui.practice import Kept
from tests.tui.pressing import presses
from tests.tui.screen_text import screen_text
from tests.tui.waiting import idle, said, until
from tests.tui.world import HOSTILE, NOWHERE, World

FILE = """\
name: from-file
entryStepId: start
steps:
  - id: start
    type: TRIGGER
    ref: manual
    params: {}
    next: []
"""


async def _modal(app: Any, kind: type[Any]) -> None:
    await until(lambda: isinstance(app.screen, kind) and app.screen.is_mounted, kind.__name__)


async def test_it_shows_what_there_is(world: World) -> None:
    world.workflows[3]["name"] = HOSTILE
    async with world.shown("workflows", size=(200, 50)) as (app, _pilot):
        listing = app.screen.listing  # type: ignore[attr-defined]
        assert [w["id"] for w in listing.shown] == ["wf_0001", "wf_0002", "wf_0003", "wf_0004"]
        rows = {key: [cell.plain for cell in listing.table.get_row(key)][1:] for key in listing.rows.shown}
        assert rows["wf_0001"] == ["✔", "order-intake", "webhook", "● 1m", "▓▓▓░░ 66%", "–", "v3", ""]
        assert rows["wf_0003"] == ["✔", "daily-report", "cron 0 7 * * 1-5", "–", "–", "Wed 25 12:04", "v3", ""]
        assert "\x1b" not in "".join(rows["wf_0004"])


async def test_a_workflow_with_changes_that_were_not_saved_says_so(world: World, tmp_path: Path) -> None:
    server = f"local:{data_dir(NOWHERE)}"
    draft = StoredDraft(server, "wf_0002", "2026-11-24T12:00:00+00:00", "", "yaml", {}, None)
    DraftsStore(tmp_path).save(draft)
    DraftsStore(tmp_path).save(replace(draft, server="https://elsewhere.example.org", workflow="wf_0001"))
    async with world.shown("workflows", size=(200, 50), state_dir=tmp_path) as (app, pilot):
        listing = app.screen.listing  # type: ignore[attr-defined]
        versions = [listing.table.get_row(key)[-2].plain for key in listing.rows.shown]
        assert versions == ["v3", "v3 + draft", "v3", "v3"]
        DraftsStore(tmp_path).remove(server, "wf_0002")
        await pilot.press("1", "2")
        await until(lambda: listing.table.get_row("wf_0002")[-2].plain == "v3", "that it is gone")


@presses("workflow.disable")
async def test_disable_switches_the_one_under_the_cursor(world: World) -> None:
    world.http.on("PUT", "/api/workflows/{}", lambda r: r.body)
    async with world.shown("workflows") as (app, pilot):
        await pilot.press("j", "D")
        await idle(app)
        assert [(call.body["name"], call.body["enabled"]) for call in world.http.calls("PUT")] == [("hello", False)]


@presses("workflow.edit", "list.open")
async def test_e_edits_as_it_does_everywhere_and_so_does_enter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown("workflows") as (app, pilot):
        opened: list[str] = []
        monkeypatch.setattr(app, "open_editor", lambda workflow_id, **_more: opened.append(workflow_id))
        await pilot.press("e", "j", "enter")
        assert opened == ["wf_0001", "wf_0002"]


async def test_what_is_disabled_already_is_left_alone_and_not_counted(world: World) -> None:
    """A toast never says that something was done which was so before; and no version is saved for it."""
    world.http.on("PUT", "/api/workflows/{}", lambda r: r.body)
    async with world.shown("workflows", toasts=True) as (app, pilot):
        await pilot.press("space", "G", "space", "D")
        await until(lambda: said(app), "what was done")
        assert said(app) == ["disabled"]
        assert [call.body["name"] for call in world.http.calls("PUT")] == ["order-intake"]


@presses("workflow.capture")
async def test_the_next_webhook_of_a_workflow_is_captured_until_it_comes_or_is_not_wanted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(world)
    world.workflows[0]["name"] = HOSTILE
    monkeypatch.setattr(capturing, "LOOK_EACH_S", 0.01)
    async with world.shown("workflows", size=(160, 40), toasts=True) as (app, pilot):
        header = app.screen.query_one(HeaderLine)
        await pilot.press("W")
        await until(lambda: "capturing" in header.note, "the note")
        assert "\x1b" not in screen_text(app)
        await pilot.press("W")
        await until(lambda: kept.until is None, "the end of it")
        await until(lambda: "capturing" not in header.note, "no note")
        await pilot.press("W")
        await until(lambda: kept.until, "the waiting")
        kept.webhook("captured-1", {})
        await until(lambda: any("sample captured-1" in text for text in said(app)), "the sample")
        await pilot.press("j")
        await idle(app)
        assert app.screen.why_not("workflow.capture") == "it has no webhook"  # type: ignore[attr-defined]


@presses("workflow.delete")
async def test_a_deletion_can_be_undone_and_until_then_nothing_is_gone(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        listing = app.screen.listing  # type: ignore[attr-defined]
        await pilot.press("j", "j", "x")
        await _modal(app, ConfirmModal)
        await pilot.press("enter")  # the focus is on Cancel
        await idle(app)
        assert len(listing.shown) == 4
        await pilot.press("x")
        await _modal(app, ConfirmModal)
        await pilot.press("y")
        await idle(app)
        app.screen.reload()  # type: ignore[attr-defined]
        await idle(app)
        assert [w["id"] for w in listing.shown] == ["wf_0001", "wf_0002", "wf_0004"]
        await pilot.press("u")
        await idle(app)
        assert len(listing.shown) == 4
        assert world.http.calls("DELETE") == []


async def test_one_with_a_history_is_deleted_by_typing_its_name(world: World) -> None:
    world.http.on("DELETE", "/api/workflows/{}", lambda _r: None)
    async with world.shown("workflows") as (app, pilot):
        await pilot.press("x")
        await _modal(app, ConfirmModal)
        await pilot.press("y", "enter")
        assert isinstance(app.screen, ConfirmModal), "y is a letter of a name here"
        app.screen.query_one(Input).value = "order-intake"
        await pilot.press("enter")
        await idle(app)
        assert await app.deferred.finish() == []
        assert [call.path for call in world.http.calls("DELETE")] == ["/api/workflows/wf_0001"]


@presses("workflow.run")
async def test_r_proposes_the_newest_input_and_remembers_what_was_given(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.runs[3]["trigger"] = {"kind": "manual", "data": {"name": "Ada"}}
    world.http.on("POST", "/api/workflows/{}/execute", lambda _r: world.runs[0])
    async with world.shown("workflows") as (app, pilot):
        opened: list[str] = []
        monkeypatch.setattr(app, "open_run", lambda run_id, **_more: opened.append(run_id))
        await pilot.press("j", "r")
        await _modal(app, RunInputModal)
        text = app.screen.query_one(TextArea)
        assert '"Ada"' in text.text
        text.text = '{"name":\n nope}'
        await pilot.press("enter")
        trouble = str(app.screen.query_one("#trouble", Static).render())
        assert "line 2" in trouble
        text.text = "[1]"
        await pilot.press("enter")
        assert "object" in str(app.screen.query_one("#trouble", Static).render())
        text.text = '{"name": "Bea"}'
        await pilot.press("enter")
        await idle(app)
        assert world.http.calls("POST")[0].body == {"data": {"name": "Bea"}}
        assert opened == ["run_0001"]
        await pilot.press("r")
        await _modal(app, RunInputModal)
        assert app.screen.query_one(TextArea).text == '{"name": "Bea"}'
        await pilot.press("escape")
        await idle(app)
        assert len(world.http.calls("POST")) == 1


async def test_a_production_server_asks_before_a_run(world: World) -> None:
    world.label = "production"
    async with world.shown("workflows") as (app, pilot):
        await pilot.press("r")
        await _modal(app, RunInputModal)
        await pilot.press("enter")
        await _modal(app, ConfirmModal)
        await pilot.press("n")
        await idle(app)
        assert not world.http.calls("POST")


@presses("workflow.import")
async def test_i_imports_a_file(world: World, tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FILE)
    world.http.on("POST", "/api/workflows/validate", lambda _r: {"valid": True, "problems": []})
    world.http.on("POST", "/api/workflows", lambda r: {**world.workflows[1], **r.body, "id": "wf_0009"})
    async with world.shown("workflows", toasts=True) as (app, pilot):
        await pilot.press("i")
        await _modal(app, ChooseFileModal)
        entry = app.screen.query_one(Input)
        entry.value = f"{tmp_path}/fl"
        entry.cursor_position = len(entry.value)
        await until(lambda: entry._suggestion.endswith("flow.yaml"), "the suggestion")
        await pilot.press("tab")
        assert entry.value == f"{tmp_path}/flow.yaml"
        await pilot.press("enter")
        await idle(app)
        assert world.http.calls("POST", "/api/workflows")[-1].body["name"] == "from-file"
        await until(lambda: any("saved from-file" in text for text in said(app)), "what was saved")


async def test_a_bad_file_is_told_with_its_line(world: World, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: x\nsteps: [\n  - }")
    async with world.shown("workflows", toasts=True) as (app, pilot):
        await pilot.press("i")
        await _modal(app, ChooseFileModal)
        app.screen.query_one(Input).value = f"{tmp_path}/bad.yaml"
        await pilot.press("enter")
        await until(lambda: any("bad.yaml:3" in text for text in said(app)), "the line")
        assert not world.http.calls("POST")


def test_paths_are_completed_by_folders_and_files_that_end_rightly(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "a.txt").touch()
    (tmp_path / "b.json").touch()
    assert complete(f"{tmp_path}/fl", (".json",)) == f"{tmp_path}/flows/"
    assert complete(f"{tmp_path}/a", (".json",)) is None
    assert complete(f"{tmp_path}/", (".json",)) == f"{tmp_path}/b.json"
    assert complete(f"{tmp_path}/nowhere/x", (".json",)) is None


@presses("workflow.editor")
async def test_what_the_editor_left_is_saved_and_a_mistake_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    async def edit(_app: Any, text: str, _suffix: str, _environ: Any) -> str:
        given.append(text)
        return text + "steps: {\n" if len(given) == 1 else text.replace("steps: {\n", "").replace("about", "On")

    monkeypatch.setattr("flowdesk.tui.editor_handoff.edit_outside", edit)
    world.http.on("POST", "/api/workflows/validate", lambda _r: {"valid": True, "problems": []})
    world.http.on("PUT", "/api/workflows/{}", lambda r: {**world.workflows[1], **r.body})
    async with world.shown("workflows") as (app, pilot):
        await pilot.press("j", "E")
        await _modal(app, ConfirmModal)
        await pilot.press("y")
        await until(lambda: len(given) == 2, "the second edit")
        assert given[1].endswith("steps: {\n")
        await _modal(app, ConfirmModal)
        await pilot.press("y")
        await idle(app)
        saved = world.http.calls("PUT")[0].body
        assert (saved["name"], saved["description"], saved["version"]) == ("hello", "On hello", 3)


@pytest.mark.parametrize(
    ("key", "wanted"), [("enter", ("wf_0002",)), pytest.param("n", (None,), marks=presses("workflow.new"))]
)
async def test_it_opens_the_editor(world: World, key: str, wanted: tuple[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown("workflows") as (app, pilot):
        opened: list[Any] = []
        monkeypatch.setattr(app, "open_editor", lambda *given, **_more: opened.append(given))
        await pilot.press("j", key)
        assert opened == [wanted]


@presses("workflow.logs", "workflow.duplicate")
async def test_d_opens_a_copy_and_l_the_newest_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown("workflows") as (app, pilot):
        drafts: list[Any] = []
        opened: list[Any] = []
        monkeypatch.setattr(app, "open_editor", lambda _id, *, draft: drafts.append(draft["name"]))
        monkeypatch.setattr(app, "open_run", lambda run_id, *, tab: opened.append((run_id, tab)))
        await pilot.press("j", "d", "l")
        await idle(app)
        assert drafts == ["hello copy"]
        assert opened == [("run_0004", "log")]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_an_empty_list_says_what_to_do(world: World, size: tuple[int, int]) -> None:
    async with world.shown("workflows", size=size) as (app, _pilot):
        world.workflows.clear()  # a server without any shows the welcome at start
        app.screen.reload()  # type: ignore[attr-defined]
        await idle(app)
        assert app.screen.listing.has_class("-empty")  # type: ignore[attr-defined]


async def test_a_read_only_session_offers_no_writes(world: World) -> None:
    async with world.shown("workflows", read_only=True) as (app, pilot):
        await pilot.press("r", "x", "D", "i", "n", "d", "E")
        await idle(app)
        assert len(app.screen_stack) == 1
        assert len(world.http.calls("PUT") + world.http.calls("POST")) == 0
