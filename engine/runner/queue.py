"""Whose run is next: fair between owners, first come first served within one."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


def _anybody(_owner: str) -> bool:
    return True


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

    def counts(self) -> Iterator[tuple[str, int]]:
        """How many items each owner has here."""
        return ((owner, len(items)) for owner, items in self._by_owner.items())

    def take(self, may: Callable[[str], bool] = _anybody) -> T | None:
        """The next item of an owner who may have one taken, or None when there is none."""
        found = next(((owner, items) for owner, items in self._by_owner.items() if may(owner)), None)
        if found is None:
            return None
        owner, items = found
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
