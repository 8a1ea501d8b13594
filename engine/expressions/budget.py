"""How much one evaluation may do.

The library runs an expression to its end, whatever that takes, and overflows its stack on values nested some thousand
levels deep. So comprehensions are run by us, and what is handed to the library is weighed before.
"""

from __future__ import annotations

from typing import Any, Final

MAX_DEPTH: Final = 128
MAX_WORK: Final = 1_000_000
"""Units of about a quarter microsecond."""
ROUND: Final = 16
"""What one round of a comprehension costs."""

_HOLDERS: Final = (dict, list, tuple)
_VALUE: Final = 2
_CHARACTERS: Final = 64  # to a unit


class Failed(Exception):
    """The expression cannot be worked out."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Budget:
    """What is left."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_WORK

    def spend(self, units: int) -> None:
        """Raises Failed when it is used up."""
        self._left -= units
        if self._left < 0:
            raise Failed(
                "the expression takes too long over this much data",
                "work on a smaller list, or split it over several steps",
            )

    def weigh(self, value: Any) -> None:
        """Pay for handing over this value; raises Failed when it is too large or nested too deep."""
        if isinstance(value, str):
            self.spend(len(value) // _CHARACTERS)
        if not isinstance(value, _HOLDERS):
            return
        depth = 0
        level: list[Any] = [value]
        while level:
            depth += 1
            if depth > MAX_DEPTH:
                raise Failed(f"the data is nested deeper than {MAX_DEPTH} levels")
            level = self._level(level)

    def _level(self, level: list[Any]) -> list[Any]:
        below: list[Any] = []
        units = 0
        for part in level:
            units += _VALUE * len(part)
            for item in part.values() if isinstance(part, dict) else part:
                if isinstance(item, str):
                    units += len(item) // _CHARACTERS
                elif isinstance(item, _HOLDERS):
                    below.append(item)
        self.spend(units)
        return below
