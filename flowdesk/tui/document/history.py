"""One line of undo and redo for a value that is replaced as a whole."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
MOST: Final = 500
"""States kept; the oldest are forgotten first."""


@dataclass(slots=True)
class _Entry(Generic[T]):
    """A state, what led to it, and what further changes of the same kind may join it."""

    state: T
    what: str
    joins: Hashable | None


class History(Generic[T]):
    """States with what led to each. Changes of one field, one after the other, are one step of undo."""

    def __init__(self, state: T, *, most: int = MOST) -> None:
        self._entries: list[_Entry[T]] = [_Entry(state, "", None)]
        self._at = 0
        self._most = most

    @property
    def state(self) -> T:
        """The state now."""
        return self._entries[self._at].state

    @property
    def undo_what(self) -> str | None:
        """What the next undo takes back."""
        return self._entries[self._at].what if self._at else None

    @property
    def redo_what(self) -> str | None:
        """What the next redo does again."""
        return self._entries[self._at + 1].what if self._at + 1 < len(self._entries) else None

    def record(self, state: T, what: str, *, joins: Hashable | None = None) -> None:
        """Go on to this state. With the same `joins` as the change before it, both are undone at once."""
        now = self._entries[self._at]
        del self._entries[self._at + 1 :]
        if joins is not None and now.joins == joins and self._at:
            now.state, now.what = state, what
            return
        self._entries.append(_Entry(state, what, joins))
        del self._entries[: max(0, len(self._entries) - self._most)]
        self._at = len(self._entries) - 1

    def checkpoint(self) -> None:
        """Let the next change be undone on its own."""
        self._entries[self._at].joins = None

    def undo(self) -> str | None:
        """Go back one; says what was taken back, None when there is nothing."""
        what = self.undo_what
        if what is not None:
            self._at -= 1
            self.checkpoint()
        return what

    def redo(self) -> str | None:
        """Go forward one; says what was done again, None when there is nothing."""
        what = self.redo_what
        if what is not None:
            self._at += 1
            self.checkpoint()
        return what
