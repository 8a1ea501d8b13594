"""Two servers and two workers over MongoDB and Redis, of which anything may die at any time (rows 1 to 7)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.chaos.storm import Weather, storm
from tests.chaos.topology import scaled
from tests.servers.mongod import Mongod
from tests.servers.valkey import Valkey


async def test_a_short_storm_over_many_processes_loses_nothing(
    tmp_path: Path, own_mongod: Mongod, own_redis: Valkey
) -> None:
    """R1 to R6, R10, R11: kill -9, SIGSTOP past the lease, FLUSHALL, Redis and MongoDB away, SIGTERM at the end."""
    names = ("kill_server", "kill_worker", "pause_worker", "kill_mongod", "kill_redis", "flush_redis")
    weather = Weather(seed=2, names=names, pause_s=0.15)
    aftermath = await storm(scaled(tmp_path, own_mongod, own_redis, FLOWDESK_WORKERS="all"), weather)
    sys.stdout.write(f"\n2 servers, 2 workers\n{aftermath.figures()}\n")
    aftermath.check()


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("workers", ["retries", "all"])
@pytest.mark.parametrize("seed", range(3))
async def test_a_long_storm_over_many_processes_loses_nothing(
    tmp_path: Path, own_mongod: Mongod, own_redis: Valkey, seed: int, workers: str
) -> None:
    """R1 to R6, R10, R11, thousands of orders."""
    topology = scaled(tmp_path, own_mongod, own_redis, FLOWDESK_WORKERS=workers)
    weather = Weather(seed=seed, faults=60, customers=24, pause_s=0.3, calm_s=1.0, settle_s=90)
    aftermath = await storm(topology, weather)
    sys.stdout.write(f"\n2 servers, 2 workers for {workers}, seed {seed}\n{aftermath.figures()}\n")
    aftermath.check()
