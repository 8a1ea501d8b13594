"""How soon everything goes on after a process died, and that waiting does not begin anew."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from tests.chaos.customers import Customers, until
from tests.chaos.storm import order_some, scene, session, settle
from tests.chaos.topology import embedded


async def test_runs_go_on_soon_after_a_restart(tmp_path: Path) -> None:
    """R9: within 5 s of process start."""
    topology = embedded(tmp_path)
    async with scene(topology, seed=1, slowest_s=1.5) as (other, customers):
        await order_some(customers, other)
        (server,) = topology.servers
        await asyncio.to_thread(server.kill)
        before = len(other.calls)
        server.start()
        await other.wait_for(lambda: len(other.calls) > before)
        assert other.calls[before].at - server.started_at < 5
        await asyncio.to_thread(server.wait_ready)
        async with session() as http:
            await settle(customers, http, 20)


async def test_a_retry_keeps_its_time_across_a_crash(tmp_path: Path) -> None:
    """R7: the second attempt comes when it was due, at most 2 s later, never before."""
    topology = embedded(tmp_path)
    retry = {"maxAttempts": 2, "backoffMs": 4000}
    async with scene(topology, seed=1, retry=retry) as (other, customers), session() as http:
        other.refused = 1.0
        await customers.order(http, "order-late")
        job = await first_job(customers, http)
        other.refused = 0.0
        (server,) = topology.servers
        await asyncio.to_thread(server.kill)
        server.start()
        await asyncio.to_thread(server.wait_ready)
        due_at = datetime.fromisoformat(job["runAt"]).timestamp()
        assert time.time() < due_at, "it was due before the server came back, which proves nothing"
        await settle(customers, http, 15)
        (first, second) = [call for call in other.calls if call.step == "charge"]
        assert (first.status, second.status, first.key) == (503, 200, second.key)
        assert 0 <= second.at - due_at <= 2


async def first_job(customers: Customers, http: aiohttp.ClientSession) -> dict[str, Any]:
    """The retry that is owed, once there is one."""

    async def look() -> dict[str, Any] | None:
        jobs: list[dict[str, Any]] = await customers.ask(http, "/api/jobs")
        return jobs[0] if jobs else None

    return await until(look, 10)
