"""Who has spent how much of which rate: in this process, or together with others over Redis."""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from server.rate import Rate, Standing, spend

Kind = Literal["user", "workspace", "hook", "trigger", "address"]

MAX_BUCKETS: Final = 20_000
"""Buckets of one kind in memory. Nobody can push out those of another kind with addresses or ids of their own."""


@dataclass(slots=True, frozen=True)
class Bucket:
    """What is counted together: the requests of one user, for instance."""

    kind: Kind
    id: str
    rate: Rate


class Buckets(Protocol):
    """Where buckets are kept."""

    async def spend(self, buckets: Sequence[Bucket]) -> list[Standing]:
        """Take one request from all of them, or from none when one of them is empty; never raises, never waits long."""

    async def close(self) -> None:
        """Let go of what it holds."""


class LocalBuckets:
    """Buckets of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._paid: defaultdict[Kind, OrderedDict[str, float]] = defaultdict(OrderedDict)

    async def spend(self, buckets: Sequence[Bucket]) -> list[Standing]:
        """Take one request, without waiting for anything."""
        now, standings, after = self._clock(), [], []
        let_in = True
        for bucket in buckets:
            standing, state = spend(bucket.rate, self._paid[bucket.kind].get(bucket.id), now)
            standings.append(standing)
            after.append(state)
            if standing.wait_s > 0:
                let_in = False
        if let_in:
            for bucket, state in zip(buckets, after, strict=True):
                paid = self._paid[bucket.kind]
                paid[bucket.id] = state
                paid.move_to_end(bucket.id)
                if len(paid) > MAX_BUCKETS:
                    paid.popitem(last=False)
        return standings

    async def close(self) -> None:
        """Nothing to let go of."""
