"""Waiting times that grow with each failure, for as many keys as fit a bounded memory."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

MAX_KEYS: Final = 10_000


@dataclass(slots=True)
class _Failures:
    count: int
    last: float
    blocked_until: float


class Backoff:
    """After `free` failures of one key each further one doubles its wait, up to `longest_s`; quiet time forgives."""

    def __init__(
        self,
        *,
        free: int,
        longest_s: float,
        forgive_s: float = 900,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free = free
        self._longest_s = longest_s
        self._forgive_s = forgive_s
        self._clock = clock
        self._failures: OrderedDict[Hashable, _Failures] = OrderedDict()

    def wait_s(self, key: Hashable) -> int:
        """How many whole seconds this key must wait; 0 when it may try now."""
        found = self._failures.get(key)
        return 0 if found is None else max(0, math.ceil(found.blocked_until - self._clock()))

    def tried(self, key: Hashable) -> None:
        """Count a try as a failure beforehand, so that many at once do not slip through."""
        now = self._clock()
        found = self._failures.get(key)
        if found is None or now - found.last > self._forgive_s:
            found = self._failures[key] = _Failures(0, now, 0)
        found.count += 1
        found.last = now
        if found.count > self._free:
            found.blocked_until = now + min(2.0 ** (found.count - self._free - 1), self._longest_s)
        self._failures.move_to_end(key)
        if len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)

    def take_back(self, key: Hashable) -> None:
        """The last try was none of the failures, which stay."""
        found = self._failures.get(key)
        if found is not None and found.count > 0:
            found.count -= 1

    def succeeded(self, key: Hashable) -> None:
        """Forget this key's failures."""
        self._failures.pop(key, None)
