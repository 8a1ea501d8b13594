"""What logs must never show: the values this process has given to steps, whoever writes the line and however.

Logging is one for the whole process, and so is this: a library's own message, or a traceback with a value in it, goes
through the same formatter.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from engine.masking import Masker

MOST: Final = 200
"""Values looked for in each line; those used last."""


class LogMasker:
    """Hides the values used lately."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._values: OrderedDict[str, None] = OrderedDict()
        self._masker = Masker()

    def learn(self, values: Iterable[str]) -> None:
        """These were just given to a step."""
        new = False
        for value in values:
            new = new or value not in self._values
            self._values[value] = None
            self._values.move_to_end(value)
        if new and len(self._values) > self._most:
            while len(self._values) > self._most:
                self._values.popitem(last=False)
            self._masker = Masker(self._values)
        elif new:
            self._masker.learn(self._values)

    def hide(self, text: str) -> str:
        """The line as it may be written."""
        return self._masker.text(text) if self._masker else text


LOGGED: Final = LogMasker()
