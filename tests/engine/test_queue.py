"""Fairness between owners (row 66)."""

from __future__ import annotations

from engine.runner.queue import FairQueue


def test_owners_take_turns_and_keep_their_own_order() -> None:
    """Row 66: one owner's thousand runs do not delay another's one."""
    queue: FairQueue[int] = FairQueue()
    for number in range(1000):
        queue.put("busy", number)
    queue.put("quiet", -1)
    assert len(queue) == 1001
    first = [queue.take() for _ in range(4)]
    assert -1 in first[:2]
    assert [item for item in first if item != -1] == [0, 1, 2]
    assert queue.drain() == list(range(3, 1000))
    assert queue.take() is None
    assert len(queue) == 0
