"""One document, one line of undo, whichever view changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowdesk.applying import normal
from flowdesk.tui.document.arrows import set_value, set_workflow_value
from flowdesk.tui.document.basics import EditRefused
from flowdesk.tui.document.draft import Draft
from flowdesk.tui.document.edits import add_after, rename, reorder
from flowdesk.tui.document.history import History
from flowdesk.tui.document.removal import remove
from flowdesk.tui.document.source import as_written
from tests.tui.document.shop import SOURCE, body, saved, step

LOG: dict[str, Any] = {"id": "log", "ref": "core.log"}


def test_a_saved_workflow_has_no_changes() -> None:
    draft = Draft.of_saved(saved())
    assert (draft.changed, draft.changes(), draft.version, draft.undo_what) == (False, [], 4, None)
    assert "ownerId" not in draft.source


def test_an_edit_is_a_change_that_can_be_undone() -> None:
    draft = Draft.of_saved(saved())
    assert draft.edit(remove, "ship") == "wait"
    assert draft.changed
    assert "steps.ship" in [change["path"] for change in draft.changes()]
    assert draft.undo_what == "Remove step ship"
    assert draft.undo() == "Remove step ship"
    assert (draft.document, draft.changed, draft.redo_what) == (as_written(saved()), False, "Remove step ship")
    assert draft.redo() == "Remove step ship"
    assert (draft.redo(), draft.changed) == (None, True)


def test_letters_of_one_field_are_undone_at_once() -> None:
    draft = Draft.of_saved(saved())
    for text in ("a", "ab", "abc"):
        draft.type(("wait", "message"), set_value, "wait", ("params", "message"), text)
    draft.checkpoint()
    draft.type(("wait", "message"), set_value, "wait", ("params", "message"), "abcd")
    draft.undo()
    assert step(draft.document, "wait")["params"]["message"] == "abc"
    draft.undo()
    assert draft.document == as_written(saved())


def test_typing_after_undo_does_not_join_what_is_left() -> None:
    draft = Draft.of_saved(saved())
    draft.type("name", set_workflow_value, ("name",), "one")
    draft.edit(remove, "ship")
    draft.undo()
    draft.type("name", set_workflow_value, ("name",), "two")
    draft.undo()
    assert draft.document["name"] == "one"


def test_the_source_changes_the_document_and_the_other_way() -> None:
    draft = Draft(saved(), base=saved(), source=SOURCE)
    draft.replace_source(SOURCE.replace("has to wait", "waits"))
    assert step(draft.document, "wait")["params"]["message"] == "waits"
    draft.edit(rename, "wait", "pause")
    assert "id: pause" in draft.source
    assert "# comes from the shop" in draft.source
    draft.undo()
    draft.undo()
    assert draft.source == SOURCE


def test_broken_text_is_kept_and_the_last_document_with_it() -> None:
    draft = Draft(saved(), base=saved(), source=SOURCE)
    broken = SOURCE + "steps: ["
    draft.replace_source(broken)
    assert draft.problem is not None
    assert draft.problem.line
    assert (draft.source, draft.document, draft.changed) == (broken, body(), True)
    with pytest.raises(EditRefused, match="does not parse"):
        draft.edit(remove, "ship")
    with pytest.raises(EditRefused):
        draft.show_as("json")
    draft.replace_source(SOURCE)
    assert not draft.changed


def test_the_source_is_written_only_when_it_is_asked_for() -> None:
    draft = Draft(saved(), base=saved(), source=SOURCE)
    ready = [draft.source_ready]
    draft.edit(remove, "ship")
    ready.append(draft.source_ready)
    assert draft.reading.document == draft.document
    ready.append(draft.source_ready)
    assert ready == [True, False, True]


def test_the_same_text_is_no_edit() -> None:
    draft = Draft.of_saved(saved())
    draft.replace_source(draft.source)
    assert draft.undo_what is None


def test_a_draft_begins_with_text_that_does_not_parse() -> None:
    draft = Draft(saved(), base=saved(), source="name: [")
    assert (draft.source, draft.document) == ("name: [", body())
    assert draft.problem is not None


def test_comments_come_back_from_json_by_undo() -> None:
    draft = Draft(saved(), base=saved(), source=SOURCE)
    draft.show_as("json")
    assert draft.form == "json"
    assert draft.source.startswith("{")
    draft.undo()
    assert (draft.form, draft.source) == ("yaml", SOURCE)


def test_after_saving_there_are_no_changes_and_undo_still_works() -> None:
    draft = Draft.of_saved(saved())
    draft.edit(reorder, "wait", 0)
    draft.rebase(saved(version=5, steps=draft.document["steps"]))
    assert (draft.changed, draft.version) == (False, 5)
    draft.undo()
    assert draft.changed


def test_a_merge_can_be_undone() -> None:
    draft = Draft.of_saved(saved())
    theirs = saved(version=5, name="Orders")
    draft.rebase(theirs, theirs)
    assert (draft.document["name"], draft.changed, draft.undo_what) == ("Orders", False, "Take over version 5")
    draft.undo()
    assert draft.document["name"] == "Order intake"


def test_discarding_can_be_undone() -> None:
    draft = Draft.of_saved(saved())
    draft.edit(add_after, "wait", LOG)
    draft.revert()
    assert not draft.changed
    draft.undo()
    assert draft.changed


def test_a_new_workflow_is_something_to_save() -> None:
    draft = Draft({"name": "new", "steps": []})
    assert (draft.changed, draft.version) == (True, None)


@pytest.mark.parametrize("hostile", ["[/", "[red]x[/red]", "\x1b[2J", "\u202eabc", "x" * 100_000, "{{steps.", ": #"])
def test_hostile_texts_survive_the_way_through_the_source(hostile: str) -> None:
    draft = Draft.of_saved(saved(name=hostile))
    draft.edit(set_value, "wait", ("params", "message"), hostile)
    assert draft.reading.document == draft.document


def test_history_forgets_the_oldest() -> None:
    history = History(0, most=3)
    for number in range(1, 6):
        history.record(number, str(number))
    undone: Callable[[], str | None] = history.undo
    assert [undone(), undone(), undone(), history.state] == ["5", "4", None, 3]


def test_the_source_of_a_saved_workflow_has_no_defaults() -> None:
    """The server answers with all of them."""
    full = normal(saved())
    assert "finallyTimeoutMs" in full
    assert "join" in full["steps"][1]
    draft = Draft.of_saved({**saved(), **full})
    for default in ("finally", "join", "stopOnFailure", "ACTION", "tags"):
        assert default not in draft.source, default
    assert not draft.changed


def test_a_default_that_is_written_down_is_no_change_and_stays() -> None:
    draft = Draft.of_saved(saved())
    draft.replace_source(
        draft.source.replace("- id: wait", "- id: wait\n    join: all  # as it is").replace("has", "had")
    )
    assert [change["path"] for change in draft.changes()] == ["steps.wait.params.message"]
    sent = draft.document
    draft.rebase({**saved(), **normal(sent), "version": 5}, normal(sent))
    assert (draft.changed, draft.version, draft.document) == (False, 5, sent)
    assert "join: all  # as it is" in draft.source


def test_what_the_server_added_at_save_is_taken_over() -> None:
    draft = Draft.of_saved(saved())
    draft.edit(set_workflow_value, ("scheduleCron",), "0 7 * * *")
    answer = {**saved(), **normal(draft.document), "timezone": "Europe/Berlin", "version": 5}
    draft.rebase(answer, answer)
    assert (draft.changed, draft.document["timezone"]) == (False, "Europe/Berlin")
    assert "join" not in draft.source
