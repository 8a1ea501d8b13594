"""Back-off: growing waits, forgiveness, bounded memory."""

from __future__ import annotations

import pytest

from server import backoff
from server.backoff import Backoff


class Clock:
    """A clock that moves when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_waits_double_up_to_the_longest() -> None:
    """Row 44."""
    clock = Clock()
    slow = Backoff(free=2, longest_s=10, clock=clock)
    waits = []
    for _ in range(8):
        slow.tried("k")
        waits.append(slow.wait_s("k"))
    assert waits == [0, 0, 1, 2, 4, 8, 10, 10]
    assert slow.wait_s("other") == 0
    clock.now += 9.5
    assert slow.wait_s("k") == 1
    clock.now += 0.5
    assert slow.wait_s("k") == 0


def test_success_and_quiet_time_forgive() -> None:
    clock = Clock()
    slow = Backoff(free=1, longest_s=10, forgive_s=60, clock=clock)
    slow.tried("k")
    slow.tried("k")
    assert slow.wait_s("k") == 1
    slow.succeeded("k")
    assert slow.wait_s("k") == 0
    slow.tried("k")
    clock.now += 61
    slow.tried("k")
    assert slow.wait_s("k") == 0


def test_taking_back_keeps_the_failures_before() -> None:
    slow = Backoff(free=2, longest_s=10, clock=Clock())
    for _ in range(2):
        slow.tried("k")
    for _ in range(5):
        slow.tried("k")
        slow.take_back("k")
    slow.tried("k")
    assert slow.wait_s("k") == 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "MAX_KEYS", 100)
    slow = Backoff(free=0, longest_s=10, clock=Clock())
    for number in range(1000):
        slow.tried(number)
    assert len(slow._failures) == 100
    assert slow.wait_s(999) == 1
