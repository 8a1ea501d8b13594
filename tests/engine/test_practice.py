"""Rehearsals: up to a step, with outputs pinned to steps. Rows keep all of it, so that a crash changes nothing."""

from __future__ import annotations

from engine.inputs import Rehearsal
from engine.models.run import RunStatus, TriggerKind
from engine.sdk import StepResult
from engine.state import Pin, StepStatus
from engine.store import ANYONE
from tests.engine.world import World, fails, manual

CHAIN = ({"id": "a", "next": ["b", "x"]}, {"id": "b", "next": "c"}, {"id": "c"}, {"id": "x"})


async def test_a_test_stops_after_a_step() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, *CHAIN)
        outcome = await engine.run_and_wait(plan, manual(), rehearsal=Rehearsal(until="b"))
        assert outcome.run.status is RunStatus.SUCCESS
        history = await engine.history(outcome.run.id, owner=ANYONE)
    assert [call[0] for call in world.calls] == ["a", "b"]
    assert history.state.steps["c"].status is StepStatus.SKIPPED
    assert history.state.steps["x"].status is StepStatus.SKIPPED, "it is beside the way to b"
    assert history.state.steps["c"].reason == "the rehearsal stops at b"


async def test_a_pinned_step_gives_its_pin_and_does_not_run() -> None:
    world = World()
    world.doing["b"] = lambda ctx: StepResult.success({"seen": ctx.data["paid"]})
    async with world.engine() as engine:
        plan = await world.plan(engine, *CHAIN)
        outcome = await engine.run_and_wait(plan, manual(), rehearsal=Rehearsal(pins={"a": Pin({"paid": 7})}))
        events = await world.store.runs.journal(outcome.run.id)
    assert outcome.data == {
        "paid": 7,
        "seen": 7,
    }
    assert "a" not in [call[0] for call in world.calls]
    (pinned,) = [event for event in events if event.step_id == "a"]
    assert pinned.data["pinned"] is True


async def test_a_pin_chooses_its_route() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(
            engine,
            {"id": "a", "ref": "t.route", "next": [{"to": "y", "label": "yes"}, {"to": "n", "label": "no"}]},
            {"id": "y"},
            {"id": "n"},
        )
        for route in ("yes", "no"):
            await engine.run_and_wait(plan, manual(), rehearsal=Rehearsal(pins={"a": Pin({}, route)}))
    assert [call[0] for call in world.calls] == ["y", "n"]


async def test_a_test_goes_on_as_a_test_after_its_process_died() -> None:
    """R3."""
    world = World()
    world.doing["b"] = fails(1)
    steps = (
        {"id": "a", "next": "b"},
        {"id": "b", "retry": {"maxAttempts": 2, "backoffMs": 1000}, "next": "c"},
        {"id": "c"},
    )
    async with world.engine() as engine:
        plan = await world.plan(engine, *steps)
        accepted = await engine.accept(plan, manual(), rehearsal=Rehearsal(until="b", pins={"a": Pin({"n": 1})}))
        await world.until(accepted.run.id, RunStatus.WAITING)
    world.now += 1000
    async with world.engine():
        await world.until(accepted.run.id, RunStatus.SUCCESS)
    assert [call[0] for call in world.calls] == ["b", "b"]
    assert accepted.run.trigger is TriggerKind.MANUAL, "who asks says what kind of trigger it is"
