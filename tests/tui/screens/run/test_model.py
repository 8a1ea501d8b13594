"""The run view's own fold: the same steps as the server's, whichever event it starts from, and every attempt."""

from __future__ import annotations

from typing import Any, cast

import pytest

from flowdesk.replies import EventDoc, RunDoc
from flowdesk.tui.screens.run.model import RunModel
from tests.tui.runs import MAIL, Played, failed_run
from tests.tui.world import World

_SEEN = ("status", "attempt", "startedAt", "finishedAt", "durationMs", "input", "output", "error", "route", "reused")


def moves(played: Played) -> list[dict[str, Any]]:
    """The document after each of many moves: success, retries, a question, its answer, an end."""
    documents = [played.document()]

    def step(move: Any, *given: Any) -> None:
        move(*given)
        documents.append(played.document())

    step(played.start, "look")
    step(played.log, "look", "working")
    step(played.ask, "look")
    step(played.resolve, "look", "again")
    step(played.done, "look", {"found": 1})
    step(played.fail, MAIL, "first")
    step(played.start, MAIL)
    step(played.cancel)
    return documents


def shown(document: dict[str, Any] | RunDoc) -> list[dict[str, Any]]:
    return [{name: step[name] for name in _SEEN} for step in cast(list[dict[str, Any]], document["steps"])]


def test_events_make_of_any_document_what_the_server_makes_of_them(world: World) -> None:
    played = Played(world, 1)
    documents = moves(played)
    events = cast(list[EventDoc], played.journal())
    for at, document in enumerate(documents):
        for later in documents[at:]:
            model = RunModel(cast(RunDoc, document))
            for event in events[: later["seq"]]:
                model.apply(event)
            assert shown({"steps": list(model.steps.values())}) == shown(later)
            assert model.run["seq"] == later["seq"]
    assert documents[-1]["status"] == "CANCELLED"
    assert documents[-1]["steps"][2]["status"] == "CANCELLED"


def test_a_known_event_changes_nothing_and_an_old_document_is_not_taken_over(world: World) -> None:
    played = Played(world, 1)
    old, *_, new = moves(played)
    model = RunModel(cast(RunDoc, new))
    for event in cast(list[EventDoc], played.journal()):
        assert model.apply(event) is None
    assert shown({"steps": list(model.steps.values())}) == shown(new)
    assert model.adopt(cast(RunDoc, old)) is False
    assert model.run["status"] == "CANCELLED"


@pytest.mark.parametrize("backwards", [False, True])
def test_attempts_are_known_whatever_order_their_events_come_in(world: World, backwards: bool) -> None:
    played = failed_run(world)
    model = RunModel(cast(RunDoc, played.document()))
    assert model.attempt(MAIL, 1) is None
    events = cast(list[EventDoc], played.journal())
    for event in reversed(events) if backwards else events:
        model.recall(event)
    for number in (1, 2, 3):
        attempt = model.attempt(MAIL, number)
        assert attempt is not None
        assert attempt.error is not None
        assert attempt.error["message"] == f"the partner answered 500 ({number})"
        assert attempt.input == {"to": "ada@example.org", "attempt": number}
        assert attempt.final is (number == 3)
    assert model.last_attempt(MAIL) == 3
    assert model.failed_step == MAIL


def test_a_run_opened_again_goes_on(world: World) -> None:
    played = failed_run(world)
    model = RunModel(cast(RunDoc, played.document()))
    event = {**played.journal()[-1], "seq": model.run["seq"] + 1, "type": "run.reopened", "stepId": None}
    before = model.ended
    model.apply(cast(EventDoc, {**event, "data": {"stepId": MAIL}}))
    assert (before, model.ended) == (True, False)
    assert model.run["error"] is None


def test_what_a_newer_server_tells_is_passed_over(world: World) -> None:
    played = failed_run(world)
    model = RunModel(cast(RunDoc, played.document()))
    last = played.journal()[-1]
    for number, (kind, step) in enumerate((("step.paused", MAIL), ("step.started", "unknown"), ("run.paused", None))):
        event = {**last, "seq": model.run["seq"] + 1, "type": kind, "stepId": step, "attempt": number, "data": {}}
        assert model.apply(cast(EventDoc, event)) is None
    assert model.run["seq"] == last["seq"] + 3
