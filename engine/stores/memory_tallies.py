"""Tallies of the memory store."""

from __future__ import annotations

from dataclasses import replace

import orjson

from engine.jsonio import dumps
from engine.store import Tally
from engine.stores.memory_data import Data


class MemoryTallies:
    """Implements engine.store.Tallies."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._writes = 0

    async def get(self, key: str) -> Tally | None:
        """What is there."""
        found = self._data.tallies.get(key)
        return None if found is None else replace(found, value=orjson.loads(dumps(found.value)))

    async def put(self, tally: Tally, *, expected: str | None) -> bool:
        """Compare and set."""
        known = self._data.tallies.get(tally.key)
        if (None if known is None else known.tag) != expected:
            return False
        self._writes += 1
        value = orjson.loads(dumps(tally.value))
        self._data.tallies[tally.key] = replace(tally, value=value, tag=f"w{self._writes}")
        return True

    async def prune(self, *, before: int, limit: int) -> int:
        """Forget what has expired."""
        known = self._data.tallies.items()
        old = [key for key, tally in known if tally.expires_at is not None and tally.expires_at < before][:limit]
        for key in old:
            del self._data.tallies[key]
        return len(old)
