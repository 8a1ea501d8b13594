"""Capturing: the next call of a webhook is kept as a sample instead of starting a run.

What is captured is a call of the webhook's real address, or, for who does not want to lose one, of its test address.

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

    async def arm(self, workflow_id: str, *, until: int, test: bool = False) -> None:
        """Take the next call of this workflow's webhook until then, or of its test address alone."""
        wanted, other = place_of(workflow_id, test=test), place_of(workflow_id, test=not test)

        def arm(known: dict[str, int]) -> tuple[dict[str, int], None]:
            living = {place: at for place, at in known.items() if at > self._clock() and place != other}
            return {**living, wanted: until}, None

        await self._change(arm)

    async def disarm(self, workflow_id: str, *places: str) -> bool:
        """Take it no more, at neither address or not at these; whether it still waited there."""
        chosen = places or _places(workflow_id)

        def disarm(known: dict[str, int]) -> tuple[dict[str, int], bool]:
            waited = any(known.get(place, 0) > self._clock() for place in chosen)
            return {place: at for place, at in known.items() if place not in chosen}, waited

        return await self._change(disarm)

    async def until(self, workflow_id: str) -> int | None:
        """When this workflow stops waiting; None when it does not wait."""
        known = (await self._read())[0]
        at = max(known.get(place, 0) for place in _places(workflow_id))
        return at if at > self._clock() else None

    def wants(self, workflow_id: str) -> bool:
        """Whether the next call of the real address is perhaps to be captured; looks again in the background."""
        if monotonic() - self._looked_at > FRESH_S and self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="captures")
        return bool(self._until) and self._until.get(workflow_id, 0) > self._clock()

    async def take(
        self, workflow_id: str, trigger: Trigger, verification: dict[str, Any] | None = None, *, test: bool = False
    ) -> PracticeRow | None:
        """Keep what came as a sample, if it is still wanted; of several servers one gets it.

        A call of the test address is wanted whichever of the two is waited for.
        """
        places = _places(workflow_id) if test else (workflow_id,)
        if not await self.disarm(workflow_id, *places):
            return None
        now = self._clock()
        value = {"data": trigger.data, "meta": trigger.meta}
        if verification is not None:
            value["verification"] = verification
        row = PracticeRow(workflow_id, "sample", f"captured-{now}", now, value)
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


def place_of(workflow_id: str, *, test: bool) -> str:
    """What stands for one of the two addresses."""
    return f"{workflow_id}/test" if test else workflow_id


def _places(workflow_id: str) -> tuple[str, str]:
    return place_of(workflow_id, test=False), place_of(workflow_id, test=True)


def sample_of(row: PracticeRow) -> tuple[dict[str, Any], dict[str, Any]]:
    """The trigger's data and what came beside it."""
    return dict(row.value.get("data") or {}), dict(row.value.get("meta") or {})
