"""What is kept per key, as pure functions from what was known to what is known now.

Each value is small JSON that a store compares and sets as a whole, so that several servers never count past each other.
It only names runs or tells times: whether a run still counts is always asked of its row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

LONGEST_DELAY_MS: Final = 7 * 86_400_000
"""How far ahead a run may be put off by a rate; beyond it is refused, since nobody would wait for it."""


def take(holders: Sequence[str], run_id: str, limit: int) -> list[str] | None:
    """The holders with this run among them; None when there is no room."""
    if run_id in holders:
        return [*holders]
    return [*holders, run_id] if len(holders) < limit else None


def without(holders: Sequence[str], gone: Collection[str]) -> list[str]:
    """The holders that are left."""
    return [run_id for run_id in holders if run_id not in gone]


class Start(NamedTuple):
    """When a run may start under a rate, and the starts to remember."""

    starts: list[int]
    at: int


def reserve(starts: Sequence[int], now: int, limit: int, window_ms: int) -> Start:
    """The next start such that no window of this length holds more than `limit`; later than `now` when it must wait."""
    kept = [*starts][-limit:]
    at = max(now, kept[-limit] + window_ms) if len(kept) >= limit else now
    return Start([*kept, at][-limit:], at)


class Burst(NamedTuple):
    """The newest run of a burst of triggers, the one before it, and when it may start."""

    value: dict[str, Any]
    superseded: str | None
    at: int


def last_of(known: Any, run_id: str, now: int, delay_ms: int, max_ms: int | None) -> Burst:
    """Let a run take the place of the one that has been waiting for the burst to end."""
    going_on = known is not None and known["at"] > now
    first = known["first"] if going_on else now
    at = now + delay_ms
    if max_ms is not None:
        at = min(at, max(now, first + max_ms))
    return Burst({"run": run_id, "first": first, "at": at}, known["run"] if going_on else None, at)
