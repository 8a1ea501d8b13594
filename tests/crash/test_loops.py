"""kill -9 while the rounds of a loop are under way: every finished round once (R3), the loop goes on by itself (R2)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.crash.scene import Scene

ITEMS = 5
POINTS = [f"commit:{number}:{when}" for number in (2, 3, 5, 8) for when in ("before", "after")]


@pytest.mark.parametrize("point", [*POINTS, "step:pay:enter", "step:pay:leave", "step:last:enter"])
def test_each_round_runs_once_whatever_dies_in_between(tmp_path: Path, point: str) -> None:
    """R2 to R5: extra executions are at most what was under way at the kill."""
    scene = Scene(tmp_path, "loop")
    scene.live(accept=1, kill=point)
    scene.live()
    rows = scene.runs()
    assert Counter(row.status.value for row in rows) == {"SUCCESS": ITEMS + 1}
    assert not scene.repeated
    (loop,) = [row for row in rows if row.caller_run_id is None]
    assert {row.call.item for row in rows if row.call} == set(range(ITEMS))
    effects = scene.effects()
    assert effects[loop.id, "last"] >= 1
    paid = sum(count for (_, step), count in effects.items() if step == "pay")
    assert ITEMS <= paid <= ITEMS + 2, "of two rounds under way at once the outcome may be unknown"
    assert all(len(keys) == 1 for keys in scene.keys().values()), "R5: the same key each time"
