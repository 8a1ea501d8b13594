"""One server over SQLite, killed again and again while customers go on ordering (rows 1, 3 and 4)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.chaos.storm import Weather, storm
from tests.chaos.topology import embedded


async def test_a_short_storm_over_one_server_loses_nothing(tmp_path: Path) -> None:
    """R1 to R6 and R12 with the real server, kill -9, kill -9 in recovery and SIGTERM."""
    names = ("kill_server", "kill_during_start", "terminate_server", "kill_server")
    aftermath = await storm(embedded(tmp_path), Weather(seed=3, names=names))
    sys.stdout.write(f"\nembedded\n{aftermath.figures()}\n")
    aftermath.check()


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(3))
async def test_a_long_storm_over_one_server_loses_nothing(tmp_path: Path, seed: int) -> None:
    """R1 to R6 and R12, thousands of orders."""
    weather = Weather(seed=seed, faults=60, customers=32, pause_s=0.1, calm_s=1.0, settle_s=90)
    aftermath = await storm(embedded(tmp_path), weather)
    sys.stdout.write(f"\nembedded, seed {seed}\n{aftermath.figures()}\n")
    aftermath.check()
