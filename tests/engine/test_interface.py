"""What a workflow takes and gives: `inputs` at every entry, `outputs` to whoever calls it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.engine import Engine
from engine.errors import Invalid
from engine.graph import validate
from engine.models.run import RunStatus
from engine.store import ANYONE
from tests.engine.calling import call, callee, ended, pure
from tests.engine.world import World, manual

INPUTS: dict[str, Any] = {
    "type": "object",
    "properties": {"orderId": {"type": "string"}, "times": {"type": "integer", "default": 2}},
    "required": ["orderId"],
}


async def _refused(world: World, engine: Engine, **data: Any) -> list[str | None]:
    plan = await world.plan(engine, pure(v="{{data.times}}"), inputs=INPUTS)
    with pytest.raises(Invalid) as caught:
        await engine.accept(plan, manual(**data))
    assert caught.value.code == "invalid_inputs"
    return [problem.field for problem in caught.value.problems]


async def test_data_that_does_not_fit_is_refused_before_anything_is_on_disk() -> None:
    world = World()
    async with world.engine() as engine:
        assert await _refused(world, engine, orderId=7) == ["data.orderId"]


async def test_a_missing_field_is_named_and_defaults_are_filled_in() -> None:
    world = World()
    async with world.engine() as engine:
        assert await _refused(world, engine) == ["data.orderId"]
        plan = await engine.plans.current("w" * 36)
        run_id = await ended(world, engine, plan, orderId="a")
        assert await world.output_of(engine, run_id, "inner") == {"v": 2}
        again = await engine.rerun(run_id, owner=ANYONE, by="me")
        await world.until(again.id, RunStatus.SUCCESS)
        with pytest.raises(Invalid):
            await engine.rerun(run_id, owner=ANYONE, by="me", data={"orderId": None})


async def test_a_call_is_held_against_the_inputs_and_gets_the_outputs() -> None:
    world = World()
    outputs = {"answer": "data.v + 1", "order": "data.orderId"}
    async with world.engine() as engine:
        await callee(world, engine, pure(v="{{data.times}}"), inputs=INPUTS, outputs=outputs)
        good = await ended(world, engine, await world.plan(engine, call(data={"orderId": "a"})))
        assert await world.output_of(engine, good, "call") == {"answer": 3, "order": "a"}
        bad = await world.plan(engine, call(data={"order": "a"}), id="v" * 36)
        row = await world.row(await ended(world, engine, bad))
    assert row.error is not None
    assert row.error["data"]["code"] == "invalid_inputs"
    assert "orderId" in row.error["message"]


async def test_outputs_that_cannot_be_worked_out_fail_the_call() -> None:
    world = World()
    async with world.engine() as engine:
        await callee(world, engine, pure(v=1), outputs={"answer": "data.nothing.there"})
        row = await world.row(await ended(world, engine, await world.plan(engine, call())))
    assert row.status is RunStatus.FAILED
    assert row.error is not None
    assert "outputs.answer" in row.error["message"]


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"inputs": {"type": "array"}}, "bad_inputs", "inputs"),
        ({"inputs": INPUTS, "scheduleCron": "0 9 * * *"}, "inputs_without_default", "inputs"),
        ({"outputs": {"a": "1 +"}}, "bad_expression", "outputs.a"),
        ({"outputs": {"a": "steps.nowhere.x"}}, "unknown_step", "outputs.a"),
    ],
)
def test_they_are_checked_at_save(more: dict[str, Any], code: str, field: str) -> None:
    step = {"id": "inner", "ref": "t.echo", "params": {}}
    _, problems = validate({"name": "w", "steps": [step], **more}, World().registry())
    assert [(problem.code, problem.field, problem.step_id) for problem in problems] == [(code, field, None)]
