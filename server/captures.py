"""Capturing: the next real webhook of a workflow is kept as a sample instead of starting a run.

Which workflows wait for one stands in a tally, so that of several servers exactly one takes it. What is known of it
here is at most a second old, and a webhook of a workflow that captures nothing pays for one look into a dictionary.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, TypeVar

from engine.clock import Clock, now_ms
from engine.errors import FlowDeskError, StoreBusy
from engine.models.run import Trigger
from engine.practice_rows import PracticeRow
from engine.store import Store, Tally

KEY: Final = "captures"
FRESH_S: Final = 1.0
TRIES: Final = 50

T = TypeVar("T")

log = logging.getLogger("flowdesk.server")


class Captures:
    """Who waits for a sample, and taking it."""

    def __init__(self, store: Store, clock: Clock = now_ms) -> None:
        self._store = store
        self._clock = clock
        self._until: dict[str, int] = {}
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def arm(self, workflow_id: str, *, until: int) -> None:
        """Take the next webhook of this workflow until then."""

        def arm(known: dict[str, int]) -> tuple[dict[str, int], None]:
            living = {other: at for other, at in known.items() if at > self._clock()}
            return {**living, workflow_id: until}, None

        await self._change(arm)

    async def disarm(self, workflow_id: str) -> bool:
        """Take it no more; whether it still waited."""

        def disarm(known: dict[str, int]) -> tuple[dict[str, int], bool]:
            waited = known.get(workflow_id, 0) > self._clock()
            return {other: at for other, at in known.items() if other != workflow_id}, waited

        return await self._change(disarm)

    async def until(self, workflow_id: str) -> int | None:
        """When this workflow stops waiting; None when it does not wait."""
        at = (await self._read())[0].get(workflow_id, 0)
        return at if at > self._clock() else None

    def wants(self, workflow_id: str) -> bool:
        """Whether the next webhook of this workflow is perhaps to be captured; looks again in the background."""
        if monotonic() - self._looked_at > FRESH_S and self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="captures")
        return bool(self._until) and self._until.get(workflow_id, 0) > self._clock()

    async def take(self, workflow_id: str, trigger: Trigger) -> PracticeRow | None:
        """Keep what came as a sample, if it is still wanted; of several servers one gets True."""
        if not await self.disarm(workflow_id):
            return None
        now = self._clock()
        row = PracticeRow(workflow_id, "sample", f"captured-{now}", now, {"data": trigger.data, "meta": trigger.meta})
        await self._store.practice.put(row)
        return row

    async def stop(self) -> None:
        """End the look that may be under way."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        try:
            await self._read()
        except FlowDeskError as error:
            log.debug("cannot see which webhooks are to be captured: %s", error)
        finally:
            self._looked_at = monotonic()
            self._looking = None

    async def _read(self) -> tuple[dict[str, int], str | None]:
        known = await self._store.tallies.get(KEY)
        self._until = {} if known is None else dict(known.value)
        return self._until, None if known is None else known.tag

    async def _change(self, change: Callable[[dict[str, int]], tuple[dict[str, int], T]]) -> T:
        for _ in range(TRIES):
            known, tag = await self._read()
            after, answer = change(known)
            if after == known:
                return answer
            if await self._store.tallies.put(Tally(KEY, after), expected=tag):
                self._until = after
                return answer
        raise StoreBusy("too many captures are set at once")


def sample_of(row: PracticeRow) -> tuple[dict[str, Any], dict[str, Any]]:
    """The trigger's data and what came beside it."""
    return dict(row.value.get("data") or {}), dict(row.value.get("meta") or {})
