"""Which keys stand in a line of a given width, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

GAP: Final = 1


@dataclass(slots=True, frozen=True)
class Key:
    """A key as the line shows it: `shown` and what it does; `key` is its name, a disabled one is dim."""

    key: str
    shown: str
    title: str
    action: str
    enabled: bool = True
    tooltip: str = ""

    @property
    def cells(self) -> int:
        """How wide it is."""
        return cell_len(self.shown) + (1 + cell_len(self.title) if self.title else 0)


@dataclass(slots=True, frozen=True)
class Strip:
    """The keys there is room for, each with its first column; `more` when others had to be left out."""

    placed: tuple[tuple[int, Key], ...] = ()
    more: bool = False

    def at(self, column: int) -> Key | None:
        """The key that is drawn there."""
        return next((key for left, key in self.placed if left <= column < left + key.cells), None)


def in_order(keys: Sequence[Key], first: Sequence[str]) -> tuple[Key, ...]:
    """One key for each action, those of the actions `first` in front."""
    once: dict[str, Key] = {}
    for key in keys:
        once.setdefault(key.action, key)
    places = {action: place for place, action in enumerate(first)}
    return tuple(sorted(once.values(), key=lambda key: places.get(key.action, len(first))))


def laid_out(keys: Sequence[Key], columns: int, *, sign: int = 1) -> Strip:
    """As many of the keys as fit, each whole, in their order; `sign` is the width of what says that there are more."""
    placed: list[tuple[int, Key]] = []
    left = 0
    for index, key in enumerate(keys):
        rest = 0 if index == len(keys) - 1 else GAP + sign
        if left + key.cells + rest > columns and not _all_fit(keys[index:], columns - left):
            return Strip(tuple(placed), more=True)
        placed.append((left, key))
        left += key.cells + GAP
    return Strip(tuple(placed))


def _all_fit(keys: Sequence[Key], columns: int) -> bool:
    return sum(key.cells for key in keys) + GAP * (len(keys) - 1) <= columns
