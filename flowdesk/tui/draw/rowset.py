"""Which rows a list shows and in which order: filter, marks, sorting and widths, without a screen.

What the cells of a thing say is worked out once, when it comes or changes: filter, sorting and widths read that, so a
list of ten thousand rows stays as quick as one of ten. A time that goes on is found as it was written then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.text import Text

T = TypeVar("T")


@dataclass(frozen=True)  # no slots: `Column[Run](...)` sets an attribute
class Column(Generic[T]):
    """One column. `order` gives what it is sorted by (else the shown text).

    One with `least` gives way down to that width where others need the room. A `wide` one is left out where there is
    none for it.
    """

    key: str
    title: str
    show: Callable[[T], Text]
    order: Callable[[T], Any] | None = None
    wide: bool = False
    least: int | None = None


def fitting(columns: Sequence[Column[Any]], widths: Sequence[int], room: int, gap: int = 2) -> list[Column[Any]]:
    """The columns there is room for; of the wide ones the later are the more important."""
    needed = {column.key: _least(column, width) + gap for column, width in zip(columns, widths, strict=True)}
    left = room - sum(needed[column.key] for column in columns if not column.wide)
    chosen = {column.key for column in columns if not column.wide}
    for column in reversed([column for column in columns if column.wide]):
        if needed[column.key] <= left:
            chosen.add(column.key)
            left -= needed[column.key]
    return [column for column in columns if column.key in chosen]


def laid_out(
    columns: Sequence[Column[Any]], widths: Sequence[int], room: int, gap: int = 2
) -> list[tuple[Column[Any], int]]:
    """The columns there is room for, each with its width. What is left over goes to those that gave way.

    The last one is as wide as its widest cell: it goes on behind the edge, where the arrow keys lead.
    """
    held = {column.key: width for column, width in zip(columns, widths, strict=True)}
    chosen = fitting(columns, widths, room, gap)
    drawn = {column.key: _least(column, held[column.key]) for column in chosen}
    for _ in range(room - sum(drawn.values()) - gap * len(drawn)):
        growing = [key for key, width in drawn.items() if width < held[key]]
        if not growing:
            break
        drawn[min(growing, key=drawn.__getitem__)] += 1
    last = columns[-1].key
    return [(column, held[column.key] if column.key == last else drawn[column.key]) for column in chosen]


def _least(column: Column[Any], width: int) -> int:
    return width if column.least is None else min(width, column.least)


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
        self.widths = [0] * len(self.columns)
        """The widest cell of each column. It only grows, until nothing is held, so that columns do not jump."""
        self._texts: dict[str, tuple[str, ...]] = {}

    def put(self, items: Iterable[T]) -> None:
        """Hold exactly these."""
        before = self.items
        self.items = {self.key(item): item for item in items}
        self.marked &= self.items.keys()
        if not self.items:
            self.widths = [0] * len(self.columns)
        for key in before.keys() - self.items.keys():
            del self._texts[key]
        for key, item in self.items.items():
            known = before.get(key)
            if known is not item and known != item:
                self.learn(key)
        self.arrange()

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
        self.learn(key)
        if not known:
            self.arrange()
        return not known

    def drop(self, key: str) -> bool:
        """Hold this one no longer; False when it was not held."""
        self.marked.discard(key)
        if self.items.pop(key, None) is None:
            return False
        del self._texts[key]
        self.arrange()
        return True

    def learn(self, key: str) -> list[Text]:
        """Work out again what its cells say, and give them."""
        item = self.items[key]
        cells = [column.show(item) for column in self.columns]
        self._texts[key] = tuple(cell.plain for cell in cells)
        for at, cell in enumerate(cells):
            self.widths[at] = max(self.widths[at], cell.cell_len)
        return cells

    def arrange(self) -> None:
        """Work out what is shown."""
        keys = self._ordered()
        words = self.filter.casefold().removeprefix("!").split()
        if words:
            inverse = self.filter.startswith("!")
            keys = [key for key in keys if self._fits(key, words) != inverse]
        self.shown = keys

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

    def sort_by(self, column: Column[T]) -> None:
        """Sort by this column; asked again, the other way round; a third time, in the server's order."""
        again = column is self.sorted_by
        self.sorted_by = None if again and self.reverse else column
        self.reverse = again and not self.reverse
        self.arrange()

    def turn(self) -> None:
        """Turn the order around, if a column sorts."""
        if self.sorted_by is not None:
            self.reverse = not self.reverse
            self.arrange()

    def _ordered(self) -> list[str]:
        column = self.sorted_by
        if column is None:
            return list(self.items)
        if column.order is not None:
            ranked = [(column.order(item), key) for key, item in self.items.items()]
        else:
            at = self.columns.index(column)
            ranked = [(self._texts[key][at].casefold(), key) for key in self.items]
        known = sorted((r for r in ranked if r[0] is not None), key=lambda r: r[0], reverse=self.reverse)
        return [key for _rank, key in [*known, *(r for r in ranked if r[0] is None)]]

    def _fits(self, key: str, words: list[str]) -> bool:
        text = " ".join(self._texts[key]).casefold()
        return all(word in text for word in words)
