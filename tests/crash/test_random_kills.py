"""Kills at random moments, with many runs under way and again during recovery (rows 1 and 3)."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from tests.crash.scene import Scene


def storm(directory: Path, *, rounds: int, runs: int, seed: int) -> Scene:
    """Start a process with fresh runs, kill it after a random while, again and again; then let one live."""
    scene = Scene(directory, "chain")
    dice = random.Random(seed)
    for _ in range(rounds):
        process = scene.spawn(accept=runs)
        timer = threading.Timer(0.4 + dice.random() * 1.2, process.kill)
        timer.start()
        out, _ = process.communicate(timeout=90)
        timer.cancel()
        scene.note(out)
        scene.kills += process.returncode != 0
    scene.live()
    return scene


def test_a_few_random_kills_lose_nothing(tmp_path: Path) -> None:
    """R1 to R6 with a hundred runs under way at each kill."""
    scene = storm(tmp_path, rounds=3, runs=100, seed=7)
    scene.check(["reserve", "pay", "ship"], in_flight=256)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(5))
def test_many_random_kills_lose_nothing(tmp_path: Path, seed: int) -> None:
    """R1 to R6, the long version."""
    scene = storm(tmp_path, rounds=25, runs=400, seed=seed)
    scene.check(["reserve", "pay", "ship"], in_flight=256)
