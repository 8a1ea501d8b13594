"""Which rows a list shows and in which order: filter, marks and sorting, without a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.text import Text

T = TypeVar("T")


@dataclass(frozen=True)  # no slots: `Column[Run](...)` sets an attribute
class Column(Generic[T]):
    """One column. `order` gives what it is sorted by (else the shown text); `wide` columns are left out when narrow."""

    key: str
    title: str
    show: Callable[[T], Text]
    order: Callable[[T], Any] | None = None
    wide: bool = False

    def rank(self, item: T) -> Any:
        """What this column sorts the item by; None goes last."""
        return self.order(item) if self.order else self.show(item).plain.casefold()


class RowSet(Generic[T]):
    """Things by key, in the server's order until a column sorts them. `shown` are the keys that pass the filter."""

    def __init__(self, columns: Sequence[Column[T]], key: Callable[[T], str]) -> None:
        self.columns = list(columns)
        self.key = key
        self.items: dict[str, T] = {}
        self.marked: set[str] = set()
        self.shown: list[str] = []
        self.filter = ""
        self.sorted_by: Column[T] | None = None
        self.reverse = False

    def put(self, items: Iterable[T]) -> list[str] | None:
        """Hold exactly these; the keys of those that look different now, or None when other rows are shown."""
        before, shown = self.items, self.shown
        self.items = {self.key(item): item for item in items}
        self.marked &= self.items.keys()
        self.arrange()
        return [key for key in shown if self.items[key] != before[key]] if shown == self.shown else None

    def after(self, items: Iterable[T]) -> list[T]:
        """What is held behind the last of these, in the server's order."""
        keys = [self.key(item) for item in items]
        if not keys or keys[-1] not in self.items:
            return []
        held = list(self.items)
        again = set(keys)
        return [self.items[key] for key in held[held.index(keys[-1]) + 1 :] if key not in again]

    def add(self, item: T) -> bool:
        """Hold a new or changed thing; True when it is new, and then it comes first."""
        key = self.key(item)
        known = key in self.items
        self.items = {**self.items, key: item} if known else {key: item, **self.items}
        if not known:
            self.arrange()
        return not known

    def drop(self, key: str) -> bool:
        """Hold this one no longer; False when it was not held."""
        self.marked.discard(key)
        if self.items.pop(key, None) is None:
            return False
        self.arrange()
        return True

    def arrange(self) -> None:
        """Work out what is shown."""
        self.shown = [key for key, item in self._ordered() if self._passes(item)]

    def toggle(self, key: str) -> None:
        """Mark it, or unmark it."""
        self.marked ^= {key}

    def toggle_all(self) -> None:
        """Mark everything shown; when it is, nothing."""
        self.marked = set() if set(self.shown) <= self.marked else set(self.shown)

    def sort_next(self) -> None:
        """Sort by the next column, and after the last in the server's order again."""
        at = self.columns.index(self.sorted_by) + 1 if self.sorted_by else 0
        self.sorted_by = self.columns[at] if at < len(self.columns) else None
        self.reverse = False
        self.arrange()

    def _ordered(self) -> list[tuple[str, T]]:
        pairs = list(self.items.items())
        column = self.sorted_by
        if column is None:
            return pairs
        ranked = [(column.rank(item), key, item) for key, item in pairs]
        known = sorted((r for r in ranked if r[0] is not None), key=lambda r: r[0], reverse=self.reverse)
        return [(key, item) for _rank, key, item in [*known, *(r for r in ranked if r[0] is None)]]

    def _passes(self, item: T) -> bool:
        inverse = self.filter.startswith("!")
        words = self.filter.casefold().removeprefix("!").split()
        if not words:
            return True
        text = " ".join(column.show(item).plain for column in self.columns).casefold()
        return all(word in text for word in words) != inverse
