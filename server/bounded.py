"""Values cut down to a size that is good to look at."""

from __future__ import annotations

from typing import Any, Final

MAX_TEXT: Final = 10_000
"""Characters of one text."""
MAX_ITEMS: Final = 200
"""Items of one list, and members of one object."""
MAX_SIZE: Final = 200_000
"""Characters of all texts and keys together, every other value counting a few."""
_VALUE: Final = 8


class Cutter:
    """Copies values, leaving out what is too much; `cut` says whether anything was. One for all parts of an answer."""

    def __init__(self, room: int = MAX_SIZE) -> None:
        self._room = room
        self.cut = False

    def __call__(self, value: Any) -> Any:
        """The value, or what there is room for: long texts end in `…`, long lists and objects end early."""
        self._room -= _VALUE
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            kept: dict[str, Any] = {}
            for key, item in value.items():
                self._room -= len(key)
                if self._full(len(kept)):
                    break
                kept[key] = self(item)
            return kept
        if isinstance(value, list | tuple):
            items: list[Any] = []
            for item in value:
                if self._full(len(items)):
                    break
                items.append(self(item))
            return items
        return value

    def _text(self, text: str) -> str:
        most = max(0, min(MAX_TEXT, self._room))
        if len(text) > most:
            self.cut = True
            text = f"{text[:most]}…"
        self._room -= len(text)
        return text

    def _full(self, count: int) -> bool:
        full = count >= MAX_ITEMS or self._room <= 0
        self.cut = self.cut or full
        return full
