"""How soon others go on with what a dead process held."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.partner import Partner
from tests.chaos.storm import order_some, scene, session, settle
from tests.chaos.topology import LEASE_S, scaled
from tests.servers.mongod import Mongod
from tests.servers.valkey import Valkey

SWEEP_S: Final = 2.0
MARGIN_S: Final = 2.0


@pytest.mark.parametrize("victim", ["server", "worker"])
async def test_others_take_over_from_a_dead_process(
    tmp_path: Path, own_mongod: Mongod, own_redis: Valkey, victim: str
) -> None:
    """R9 and row 2: within the lease and one sweep of a process that died and stays dead."""
    workers = "all" if victim == "worker" else "retries"
    topology = scaled(tmp_path, own_mongod, own_redis, FLOWDESK_WORKERS=workers)
    async with scene(topology, seed=1, slowest_s=1.0) as (other, customers):
        await order_some(customers, other)
        dead = (topology.workers if victim == "worker" else topology.servers)[1]
        await asyncio.to_thread(dead.kill)
        died_at = time.time()
        async with session() as http:
            await settle(customers, http, LEASE_S + 30)
        assert {call.order for call in other.calls if call.status == 200 and call.step == "charge"} == set(
            customers.accepted
        )
        twice = repeated(other, died_at)
        assert twice, "the process that died held no run"
        assert max(twice) - died_at < LEASE_S + SWEEP_S + MARGIN_S


def repeated(other: Partner, since: float) -> list[float]:
    """When steps that had been called before this time were called again, although they had not been refused."""
    first = {(call.order, call.step) for call in other.calls if call.at < since and call.status == 200}
    return [call.at for call in other.calls if call.at >= since and (call.order, call.step) in first]
