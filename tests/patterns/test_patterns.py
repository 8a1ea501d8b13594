"""Each control-flow pattern as a workflow that is valid and leaves exactly this journal."""

from __future__ import annotations

import pytest

from engine.graph import validate
from engine.inputs import Cancel
from tests.engine.kit import Play, make_plan, make_registry
from tests.patterns.catalogue import PATTERNS, Pattern
from tests.patterns.stage import Stage, told

BY_HAND = [pattern for pattern in PATTERNS if not pattern.by_engine]
BY_ENGINE = [pattern for pattern in PATTERNS if pattern.by_engine]


def named(pattern: Pattern) -> str:
    return f"{pattern.number}-{pattern.name}"


@pytest.mark.parametrize("pattern", BY_HAND, ids=named)
def test_the_pattern_leaves_this_journal(pattern: Pattern) -> None:
    document = {"name": pattern.name, "steps": list(pattern.steps), **pattern.more}
    assert validate(document, make_registry())[1] == []
    play = Play(make_plan(*pattern.steps, **pattern.more), {"n": 3})
    for move in pattern.moves.split():
        step_id, _, label = move[1:].partition(":")
        if move == "cancel":
            play.give(Cancel("me", undo=True))
        elif move[0] == "+":
            assert step_id in play.ready()
            play.start(step_id)
        elif move[0] == "-":
            play.done(step_id, goto=label or None)
        else:
            play.stop(step_id)
    assert play.state.finished
    assert told(play.events) == pattern.journal
    assert play.refold() == play.state


@pytest.mark.parametrize("pattern", BY_ENGINE, ids=named)
async def test_the_pattern_played_by_an_engine_leaves_these_journals(pattern: Pattern) -> None:
    stage = Stage(pattern)
    document = {"name": pattern.name, "steps": list(pattern.steps), **pattern.more}
    assert validate(document, stage.registry())[1] == []
    async with stage.engine() as engine:
        run_id = await stage.play(engine)
        assert told(await stage.store.runs.journal(run_id)) == pattern.journal
        below = [one async for one in stage.below(run_id)]
        assert tuple([told(await stage.store.runs.journal(one)) for one in below]) == pattern.children
    if pattern.at_once is not None:
        assert stage.at_once == pattern.at_once


def test_the_catalogue_is_complete_and_most_of_it_is_supported() -> None:
    assert [pattern.number for pattern in PATTERNS] == list(range(1, 21))
    verdicts = [pattern.verdict for pattern in PATTERNS]
    assert verdicts.count("supported") >= 17
    assert "not supported" not in verdicts


def test_arrows_that_go_round_are_refused() -> None:
    steps = [{"id": "a", "ref": "t.work", "next": "b"}, {"id": "b", "ref": "t.work", "next": ["c"]}]
    steps.append({"id": "c", "ref": "t.work", "next": "b"})
    problems = validate({"name": "round", "steps": steps}, make_registry())[1]
    assert [problem.code for problem in problems] == ["cycle"]
