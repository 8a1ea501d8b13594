"""Where limits are kept: what a new run may do, and whether a run's turn has come.

What is counted stands in tallies, compared and set as a whole, so that several servers together keep a limit; a run
that holds a place and has ended without giving it back is noticed by its row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from engine.clock import Clock
from engine.errors import Limited, NotFound, StoreBusy
from engine.ids import time_of
from engine.limits import counting
from engine.limits.rules import Limits
from engine.models.limits import Concurrency, Debounce, Dedupe, Rate
from engine.models.run import FINISHED, RunRow
from engine.store import ANYONE, Store, Tally

TRIES: Final = 100
GRACE_MS: Final = 10_000
"""How long a run that is nowhere to be found may still be on its way to the disk."""
LOOK_AGAIN_S: Final = 2.0
"""How often holders are looked up while there is no room."""

T = TypeVar("T")


@dataclass(slots=True, frozen=True)
class Admission:
    """What a new run may do: start at `due_at` (None: now), in place of the run it `supersedes`.

    `duplicate` is the run that counts as this one.
    """

    limit_key: str | None = None
    due_at: int | None = None
    supersedes: str | None = None
    duplicate: RunRow | None = None


class Gate:
    """Keeps the limits of workflows."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._looked: dict[str, float] = {}

    async def admit(self, limits: Limits, row: RunRow, scope: Mapping[str, Any]) -> Admission:
        """Decide on a run that is about to be accepted. Raises Limited when it is refused, Invalid for a bad key."""
        keys = {name: keyed.text(row.workflow_id, scope) for name, keyed in limits.keys.items()}
        if limits.dedupe is not None:
            first = await self._first(keys["dedupe"], limits.dedupe, row)
            if first is not None:
                return Admission(duplicate=first)
        due_at, supersedes = None, None
        limit_key = keys.get("concurrency")
        dropping = limits.concurrency if limits.concurrency and limits.concurrency.strategy == "drop" else None
        if dropping is not None and not await self._take(keys["concurrency"], dropping, row.id):
            raise Limited(_too_many(dropping), code="concurrency_limit", hint="send it again later")
        if limits.rate is not None:
            due_at = await self._start_at(keys["rate"], limits.rate)
        if limits.debounce is not None:
            burst = await self._last(keys["debounce"], limits.debounce, row.id)
            supersedes, due_at = burst.superseded, max(burst.at, due_at or 0)
        return Admission(limit_key, due_at, supersedes)

    async def enter(self, limits: Limits | None, row: RunRow) -> bool:
        """Whether the run's turn has come; it holds a place from then on until it `leaves`."""
        if limits is None or limits.concurrency is None or row.limit_key is None:
            return True
        return await self._take(row.limit_key, limits.concurrency, row.id)

    async def leave(self, row: RunRow) -> None:
        """Give the place of a finished run back."""
        if row.limit_key is not None:
            await self._remove(row.limit_key, {row.id})

    async def holders(self, limit_key: str) -> list[str]:
        """The runs that hold a place, the first to have come first."""
        known = await self._store.tallies.get(limit_key)
        return [] if known is None else list(known.value)

    async def room(self, limit_key: str, concurrency: Concurrency) -> int:
        """How many places are free, after those of ended runs were given back."""
        held = await self.holders(limit_key)
        if len(held) >= concurrency.limit:
            held = await self._living(limit_key, held)
        return max(0, concurrency.limit - len(held))

    async def _take(self, key: str, concurrency: Concurrency, run_id: str) -> bool:
        def take(known: Any) -> tuple[Any, bool]:
            taken = counting.take(known or [], run_id, concurrency.limit)
            return (known, False) if taken is None else (taken, True)

        if await self._change(key, take):
            return True
        held = await self.holders(key)
        if len(await self._living(key, held)) < len(held):
            return await self._change(key, take)
        return False

    async def _living(self, key: str, held: Sequence[str]) -> list[str]:
        """The holders that have not ended; looked up now and then only."""
        now = monotonic()
        if now - self._looked.get(key, 0.0) < LOOK_AGAIN_S:
            return list(held)
        if len(self._looked) > 10_000:
            self._looked.clear()
        self._looked[key] = now
        ended = await asyncio.gather(*(self._has_ended(run_id) for run_id in held))
        gone = {run_id for run_id, over in zip(held, ended, strict=True) if over}
        if gone:
            await self._remove(key, gone)
        return counting.without(held, gone)

    async def _has_ended(self, run_id: str) -> bool:
        try:
            row = await self._store.runs.get(run_id, owner=ANYONE)
        except NotFound:
            return self._clock() - _made_at(run_id) > GRACE_MS
        return row.status in FINISHED

    async def _remove(self, key: str, gone: set[str]) -> None:
        def remove(known: Any) -> tuple[Any, None]:
            return (None if known is None else counting.without(known, gone)), None

        await self._change(key, remove)

    async def _first(self, key: str, dedupe: Dedupe, row: RunRow) -> RunRow | None:
        """The run of the first trigger with this key, unless this is it."""
        now = self._clock()

        def first(known: Any) -> tuple[Any, str | None]:
            if known is not None and now - known["at"] < dedupe.window_ms:
                return known, known["run"]
            return {"run": row.id, "at": now}, None

        for _ in range(TRIES):
            found = await self._change(key, first, expires_in_ms=dedupe.window_ms)
            if found is None or found == row.id:
                return None
            try:
                return await self._store.runs.get(found, owner=ANYONE)
            except NotFound:
                if now - _made_at(found) > GRACE_MS or self._clock() - now > GRACE_MS:
                    await self._change(key, lambda known: (None, None))
            await asyncio.sleep(0.02)  # it is on its way to the disk
        raise StoreBusy("the first of these triggers is not on disk yet")

    async def _start_at(self, key: str, rate: Rate) -> int | None:
        now = self._clock()

        def reserve(known: Any) -> tuple[Any, int | None]:
            start = counting.reserve(known or [], now, rate.limit, rate.window_ms)
            refused = start.at > now if rate.strategy == "drop" else start.at - now > counting.LONGEST_DELAY_MS
            return (known, None) if refused else (start.starts, start.at)

        at = await self._change(key, reserve, expires_in_ms=rate.window_ms + counting.LONGEST_DELAY_MS)
        if at is None:
            message = f"{rate.limit} runs may start within {rate.window_ms / 1000:g} s"
            raise Limited(
                message, code="rate_limit", hint="send it again later", retry_after_s=_seconds(rate.window_ms)
            )
        return at if at > now else None

    async def _last(self, key: str, debounce: Debounce, run_id: str) -> counting.Burst:
        now = self._clock()

        def last(known: Any) -> tuple[Any, counting.Burst]:
            burst = counting.last_of(known, run_id, now, debounce.delay_ms, debounce.max_ms)
            return burst.value, burst

        return await self._change(key, last, expires_in_ms=debounce.delay_ms)

    async def _change(self, key: str, change: Callable[[Any], tuple[Any, T]], *, expires_in_ms: int | None = None) -> T:
        """Compare and set until it works; nothing is written when nothing changes."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            for _ in range(TRIES):
                known = await self._store.tallies.get(key)
                before = None if known is None else known.value
                after, answer = change(before)
                if after == before:
                    return answer
                expires_at = None if expires_in_ms is None else self._clock() + expires_in_ms
                if after in (None, []):
                    expires_at = self._clock()  # nothing worth keeping
                tally = Tally(key, after, expires_at=expires_at)
                if await self._store.tallies.put(tally, expected=None if known is None else known.tag):
                    return answer
        raise StoreBusy("too many count under this key at once")


def _too_many(concurrency: Concurrency) -> str:
    return f"{concurrency.limit} runs of this workflow are unfinished, which is its limit"


def _seconds(milliseconds: int) -> int:
    return max(1, -(-milliseconds // 1000))


def _made_at(run_id: str) -> int:
    """When a run's id was made; the beginning of time for ids that do not tell."""
    try:
        return time_of(run_id)
    except ValueError:
        return 0
