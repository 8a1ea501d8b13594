"""What went wrong, in words: for the screen and as Markdown, clean whatever the data is."""

from __future__ import annotations

from typing import cast

import pytest

from flowdesk.replies import EventDoc, RunDoc
from flowdesk.tui.screens.run.markdown import error_text, report
from flowdesk.tui.screens.run.model import RunModel
from tests.tui.runs import MAIL, Played, failed_run, running_run
from tests.tui.world import HOSTILE, World


def model_of(played: Played) -> RunModel:
    model = RunModel(cast(RunDoc, played.document()))
    for event in cast(list[EventDoc], played.journal()):
        model.recall(event)
    return model


@pytest.mark.parametrize(
    ("number", "again"), [(1, "yes"), (2, "yes"), (3, "no, that was its last attempt"), (None, "no, that was")]
)
def test_each_attempt_tells_its_own_error(world: World, number: int | None, again: str) -> None:
    text = error_text(model_of(failed_run(world)), MAIL, number).plain
    assert f"the partner answered 500 ({number or 3})\nhttp_500" in text
    assert f"attempt      {number or 3} of 3" in text
    assert f"tried again  {again}" in text
    assert f'"attempt": {number or 3}' in text


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (None, "no error"),
        ("look", "look has no error (succeeded)"),
        ("note", "note has no error (cancelled)"),
    ],
)
def test_where_nothing_went_wrong_it_says_so(world: World, step: str | None, text: str) -> None:
    model = model_of(failed_run(world))
    if step is None:
        model.run["error"] = None
    assert error_text(model, step, None).plain == text


def test_an_attempt_that_will_be_repeated_says_when(world: World) -> None:
    played = Played(world, 3)
    played.done("look")
    played.fail(MAIL, "not now")
    assert "tried again  yes, at 2026-11-24" in error_text(model_of(played), MAIL, None).plain


def test_the_report_is_markdown_that_quotes_nothing_by_accident(world: World) -> None:
    played = failed_run(world)
    text = report(model_of(played), MAIL, None)
    assert text.startswith(f"## orders-2: run `{played.id}` failed\n\n> the partner answered 500 (3)\n")
    assert "- step: `send (http.request)`" in text
    assert text.count("````") == 2
    assert report(model_of(running_run(world)), None, None).startswith("## orders-1: run `run_0001` running")


def test_nothing_of_it_reaches_a_terminal_raw(world: World) -> None:
    played = failed_run(world)
    document = played.document()
    document["workflowName"] = HOSTILE
    document["error"] = {"code": HOSTILE, "message": HOSTILE + "\n> more", "stepId": MAIL, "hint": HOSTILE}
    document["steps"][2]["error"] = {**document["error"], "data": {HOSTILE: [HOSTILE, "z" * 5_000]}}
    document["steps"][2]["input"] = {HOSTILE: HOSTILE, "many": list(range(100))}
    model = RunModel(cast(RunDoc, document))
    for text in (error_text(model, MAIL, None).plain, report(model, MAIL, None)):
        assert all(line.isprintable() for line in text.split("\n"))
        assert max(map(len, text.split("\n"))) < 400
        assert "…" in text
