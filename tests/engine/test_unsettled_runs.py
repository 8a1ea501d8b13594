"""The store goes away while a run is taken up: its process must not forget it, and must not take it from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.errors import Unavailable
from engine.inputs import Begin
from engine.models.event import Event
from engine.models.run import RunRow, RunStatus
from engine.store import ANYONE, Commit
from engine.stores.memory import MemoryStore
from tests.engine.world import World, manual


async def resting(world: World) -> RunRow:
    """A run that was left to whoever takes it."""
    asleep = world.make_engine()
    plan = await world.plan(asleep, {"id": "a"})
    row = asleep.accepting.new_row(plan, manual(), None, None, None, None)
    driver = asleep.accepting.new_driver(plan, row, Begin(manual()))
    await driver.ledger.write(backlog=True)
    return driver.row


async def test_a_claim_whose_answer_was_lost_is_found_out_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """R2, row 7: made in the store, unknown to the process that made it."""
    world = World()
    row = await resting(world)
    claim = world.store.runs.claim
    lost: list[RunRow | None] = []

    async def lose_answer(run_id: str, **how: object) -> RunRow | None:
        claimed = await claim(run_id, **how)  # type: ignore[arg-type]
        if not lost:
            lost.append(claimed)
            raise Unavailable("gone in the middle of it")
        return claimed

    monkeypatch.setattr(world.store.runs, "claim", lose_answer)
    async with world.engine():
        done = await world.until(row.id, RunStatus.SUCCESS)
    assert lost[0] is not None
    assert done.deaths == 0
    assert len(world.calls) == 1


async def test_a_run_whose_journal_could_not_be_read_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """R2, row 7: claimed, and then the store was away; nobody died."""
    world = World()
    row = await resting(world)
    journals = world.store.runs.journals
    failures: list[Sequence[str]] = []

    async def fail_once(run_ids: Sequence[str]) -> dict[str, list[Event]]:
        if not failures and run_ids:
            failures.append(run_ids)
            raise Unavailable("gone after the claim")
        return await journals(run_ids)

    monkeypatch.setattr(world.store.runs, "journals", fail_once)
    async with world.engine():
        done = await world.until(row.id, RunStatus.SUCCESS)
    assert failures
    assert done.deaths == 0
    assert len(world.calls) == 1


async def test_who_overslept_between_claim_and_journal_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """R11: the journal is ahead of what was claimed, so somebody else has the run by now."""
    world = World()
    row = await resting(world)
    async with world.engine() as other:
        await other.take(row.id)
        await world.until(row.id, RunStatus.SUCCESS)
    late = world.make_engine()
    overslept = replace(row, owner=late.owner)

    async def claimed_long_ago(run_id: str, **how: object) -> RunRow:
        return overslept

    monkeypatch.setattr(world.store.runs, "claim", claimed_long_ago)
    await late._recovery.take([row])
    assert not late.executor.drivers
    assert (await world.store.runs.get(row.id, owner=ANYONE)).status is RunStatus.SUCCESS
    assert len(world.calls) == 1


async def test_a_run_whose_first_commit_was_made_but_not_confirmed_is_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """R2, row 7: the caller was told to try again, and what is in the store names a living process."""
    world = World(store=SharedStore())
    commit = world.store.runs.commit
    refused: list[str] = []

    async def lose_answer(what: Commit) -> str:
        cursor = await commit(what)
        if not refused:
            refused.append(what.run.id)
            raise Unavailable("gone in the middle of it")
        return cursor

    monkeypatch.setattr("engine.sweeper.STRAYS_S", 0.02)
    monkeypatch.setattr(world.store.runs, "commit", lose_answer)
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"})
        with pytest.raises(Unavailable):
            await engine.accept(plan, manual())
        done = await world.until(refused[0], RunStatus.SUCCESS)
    assert done.deaths == 0
    assert len(world.calls) == 1


class SharedStore(MemoryStore):
    """One that others may have open too."""

    exclusive = False
