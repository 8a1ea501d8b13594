"""How long and how much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Plan:
    """The size of every measurement; times in seconds."""

    seconds: float
    warmup: float
    connections: tuple[int, ...]
    lengths: tuple[int, ...]
    """Numbers of steps whose cost is compared."""
    volume: int
    """Runs made before lists are timed."""
    unfinished: int
    """Runs left behind by a kill -9."""
    parked: int
    """Runs that wait for a day."""
    items: tuple[int, ...]
    """Items of loops whose cost is compared."""
    repeats: int
    """Starts, imports and queries of each kind."""
    rows: int
    """Log lines, and hundreds of bytes of a value, that the terminal UI opens; it lists a tenth as many runs."""
    workers: tuple[int, ...] = (1, 2, 4)
    """Numbers of worker processes that are compared."""
    patience_s: float = 300.0
    """How long to wait for runs to finish before giving up."""


FULL = Plan(5.0, 1.0, (1, 16, 64), (1, 20, 200), 100_000, 10_000, 10_000, (1_000, 10_000, 100_000), 5, 100_000)
QUICK = Plan(1.0, 0.3, (1, 16, 64), (1, 20, 200), 5_000, 1_000, 1_000, (1_000, 10_000), 3, 10_000)
TINY = Plan(0.2, 0.0, (2,), (1, 3), 20, 10, 10, (3, 5), 1, 100, (1,), 60.0)
"""Proves that every measurement works; its figures mean nothing."""
