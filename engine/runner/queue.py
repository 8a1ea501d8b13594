"""Whose run is next: fair between owners, first come first served within one."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Items of many owners, taken one from each in turn, so that nobody's thousand runs delay another's one."""

    def __init__(self) -> None:
        self._by_owner: OrderedDict[str, deque[T]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, owner: str, item: T) -> None:
        """Queue an item behind its owner's others."""
        self._by_owner.setdefault(owner, deque()).append(item)
        self._size += 1

    def take(self) -> T | None:
        """The next item, or None when there is none."""
        if not self._by_owner:
            return None
        owner, items = next(iter(self._by_owner.items()))
        item = items.popleft()
        self._size -= 1
        if items:
            self._by_owner.move_to_end(owner)
        else:
            del self._by_owner[owner]
        return item

    def drain(self) -> list[T]:
        """Take everything."""
        left = []
        while (item := self.take()) is not None:
            left.append(item)
        return left
