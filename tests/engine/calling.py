"""Steps that call runs, for tests."""

from __future__ import annotations

from typing import Any

from engine.engine import Engine
from engine.models.run import FINISHED
from engine.plan import Plan
from tests.engine.world import World, manual

OTHER = "o" * 36


async def callee(world: World, engine: Engine, *steps: dict[str, Any], **more: Any) -> str:
    plan = await world.plan(engine, *steps, **{"id": OTHER, "name": "callee", **more})
    return plan.workflow.id


def call(**params: Any) -> dict[str, Any]:
    return {"id": "call", "ref": "flow.call", "params": {"workflow": OTHER, **params}}


def each(*body: dict[str, Any], **params: Any) -> dict[str, Any]:
    steps = [{"ref": "do.it", **step} for step in body]
    return {"id": "each", "ref": "flow.foreach", "params": {"items": "data.items", **params}, "body": {"steps": steps}}


def pure(**values: Any) -> dict[str, Any]:
    return {"id": "inner", "ref": "t.echo", "params": values}


async def ended(world: World, engine: Engine, plan: Plan, **data: Any) -> str:
    run_id = (await engine.accept(plan, manual(**data))).run.id
    await world.until(run_id, *FINISHED)
    return run_id
