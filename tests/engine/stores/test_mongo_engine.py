"""An engine over MongoDB while it fails: what was accepted goes on by itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from engine.errors import Unavailable
from engine.models.event import Event
from engine.models.run import RunStatus
from engine.sdk import Context, StepResult
from engine.store import ANYONE
from engine.stores.mongo.link import CALL_S
from tests.engine.stores.mongo import opened
from tests.engine.world import World, eventually, manual
from tests.servers.mongod import Mongod


async def test_runs_outlive_a_killed_server(victim_mongod: Mongod, victim_url: str) -> None:
    """R2, R3, row 7: no restart of ours, every accepted run ends, and no finished step runs again."""
    async with opened(victim_url, call_s=CALL_S) as store:
        world = World(store=store)
        accepted: set[str] = set()
        stop = asyncio.Event()

        async def slow(ctx: Context) -> StepResult:
            await asyncio.sleep(0.01)
            return StepResult.success({})

        world.doing = {"a": slow, "b": slow}
        async with world.engine() as engine:
            plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b", "next": "c"}, {"id": "c"})

            async def send() -> None:
                while not stop.is_set():
                    try:
                        accepted.add((await engine.accept(plan, manual())).run.id)
                    except Unavailable:
                        await asyncio.sleep(0.02)

            senders = [asyncio.create_task(send()) for _ in range(8)]

            async def enough() -> bool:
                return len(accepted) >= 60

            await eventually(enough)
            await asyncio.to_thread(victim_mongod.kill)
            await asyncio.to_thread(victim_mongod.start)
            before = len(accepted)

            async def more() -> bool:
                return len(accepted) >= before + 60

            await eventually(more)
            stop.set()
            await asyncio.gather(*senders)

            async def all_done() -> bool:
                return await store.runs.active(owner=ANYONE) == 0

            await eventually(all_done, within_s=20)
        for run_id in accepted:
            assert (await world.row(run_id)).status is RunStatus.SUCCESS
        journals = await store.runs.journals(sorted(accepted))
        done = Counter((run_id, e.step_id) for run_id, events in journals.items() for e in events if _done(e))
        assert set(done.values()) == {1}
        assert len(done) == 3 * len(accepted)
        # One process, which lived: it knows what it did, so nothing was done twice.
        assert len(world.calls) == len(set(world.calls))


def _done(event: Event) -> bool:
    return event.type.value == "step.succeeded"


async def test_runs_claimed_as_the_store_goes_away_are_not_forgotten(mongo_url: str) -> None:
    """R2: their process lives, so nobody else would ever take them up."""
    async with opened(mongo_url) as store:
        world = World(store=store)
        asleep = world.make_engine(max_running=0, max_queued=0)
        plan = await world.plan(asleep, {"id": "a"})
        runs = [(await asleep.accept(plan, manual())).run for _ in range(5)]
        assert {run.owner for run in runs} == {None}
        really, refused = store.runs.journals, 0

        async def journals(run_ids: Sequence[str]) -> dict[str, list[Event]]:
            nonlocal refused
            refused += 1
            if refused <= 2:
                raise Unavailable
            return await really(run_ids)

        store.runs.journals = journals  # type: ignore[method-assign]
        async with world.engine():
            for run in runs:
                await world.until(run.id, RunStatus.SUCCESS)
        assert refused >= 3
        assert len(world.calls) == 5
