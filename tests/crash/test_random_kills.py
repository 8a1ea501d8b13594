"""Kills at random moments, with many runs under way and again during recovery (rows 1 and 3)."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from tests.crash.scene import Scene


def storm(directory: Path, *, rounds: int, runs: int, seed: int) -> Scene:
    """Start a process with fresh runs, kill it after a random while, again and again; then let one live.

    The last one is sent everything of the first round again: the same keys must give the same runs (R6).
    """
    scene = Scene(directory, "chain")
    dice = random.Random(seed)
    for number in range(rounds):
        process = scene.spawn(accept=runs, keys=f"round{number}")
        assert process.stdout is not None
        first = process.stdout.readline()
        timer = threading.Timer(dice.random() * 0.8, process.kill)
        timer.start()
        rest, _ = process.communicate(timeout=90)
        timer.cancel()
        scene.note(first + rest)
        scene.kills += process.returncode != 0
    before = len(scene.accepted)
    scene.live(accept=runs, keys="round0")
    assert before > 0
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
