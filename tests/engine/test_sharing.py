"""Lookups that callers share, and plans that another process has replaced."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import NotFound
from engine.models.workflow import Workflow
from engine.plans import Plans
from engine.registry import Registry
from engine.sharing import SharedLookup
from engine.stores.memory import MemoryStore
from plugins.builtins import BUILTINS
from tests.contract.make import ME, make_workflow


class Oracle:
    """Answers with how many asked before, once it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()

    async def ask(self, key: str) -> int:
        """The number of this question."""
        self.asked.append(key)
        number = len(self.asked)
        self.begun.set()
        await self.gate.wait()
        if key == "bad":
            raise LookupError(key)
        return number


async def test_who_asks_at_once_shares_a_lookup() -> None:
    oracle = Oracle()
    lookup = SharedLookup(oracle.ask)
    oracle.gate.set()
    assert await asyncio.gather(*(lookup("a") for _ in range(50))) == [1] * 50
    assert set(await asyncio.gather(lookup("a"), lookup("b"))) == {2, 3}


async def test_who_asks_during_a_lookup_gets_a_later_one() -> None:
    """What was read before the question may be old news."""
    oracle = Oracle()
    lookup = SharedLookup(oracle.ask)
    first = asyncio.create_task(lookup("a"))
    await oracle.begun.wait()
    later = [asyncio.create_task(lookup("a")) for _ in range(20)]
    await asyncio.sleep(0)
    assert oracle.asked == ["a"]
    oracle.gate.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2] * 20


async def test_errors_go_to_everybody_and_are_not_kept() -> None:
    oracle = Oracle()
    lookup = SharedLookup(oracle.ask)
    oracle.gate.set()
    errors = await asyncio.gather(*(lookup("bad") for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in errors] == [LookupError] * 3
    assert await lookup("good") == 2


async def test_who_leaves_does_not_take_the_answer_from_the_others() -> None:
    oracle = Oracle()
    lookup = SharedLookup(oracle.ask)
    leaving, staying = asyncio.create_task(lookup("a")), asyncio.create_task(lookup("a"))
    await oracle.begun.wait()
    leaving.cancel()
    oracle.gate.set()
    assert await staying == 1
    assert leaving.cancelled()


def _registry() -> Registry:
    registry = Registry()
    registry.load(BUILTINS)
    return registry


async def _save_elsewhere(store: MemoryStore, workflow: Workflow) -> Workflow:
    after = workflow.model_copy(update={"version": workflow.version + 1, "name": f"v{workflow.version + 1}"})
    await store.workflows.save(after, [], expected_version=workflow.version, saved_by=ME, owner=ME)
    return after


async def test_a_plan_follows_what_another_process_saves() -> None:
    store = MemoryStore()
    workflow = make_workflow()
    await store.workflows.create(workflow, [], saved_by=ME)
    plans = Plans(store.workflows, _registry(), shared=True)
    first = await plans.current(workflow.id)
    assert await plans.current(workflow.id) is first
    workflow = await _save_elsewhere(store, workflow)
    assert (await plans.current(workflow.id)).workflow.version == 2
    workflow = await _save_elsewhere(store, workflow)
    found = await asyncio.gather(*(plans.current(workflow.id) for _ in range(20)))
    assert {plan.workflow.name for plan in found} == {"v3"}
    await store.workflows.delete(workflow.id, owner=ME)
    with pytest.raises(NotFound):
        await plans.current(workflow.id)


async def test_an_exclusive_store_is_not_asked_again() -> None:
    store = MemoryStore()
    workflow = make_workflow()
    await store.workflows.create(workflow, [], saved_by=ME)
    plans = Plans(store.workflows, _registry())
    first = await plans.current(workflow.id)
    call = plans.current(workflow.id)
    with pytest.raises(StopIteration) as ended:
        call.send(None)
    assert ended.value.value is first
