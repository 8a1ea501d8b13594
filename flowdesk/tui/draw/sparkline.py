"""Small numbers as a row of bars, and a part of a whole as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_BARS: Final = "▁▂▃▄▅▆▇█"
_PLAIN: Final = "_.:-=+*#"


def sparkline(values: Sequence[float], *, ascii_only: bool = False) -> str:
    """One cell for each value, the highest bar for the greatest; zero is a line, and anything above is more."""
    bars = _PLAIN if ascii_only else _BARS
    most = max(values, default=0)
    last = len(bars) - 1
    return "".join(bars[max(1, round(value / most * last)) if value > 0 else 0] for value in values)


def progress(done: int, of: int, width: int = 6, *, ascii_only: bool = False) -> str:
    """A bar of `width` cells, `▓▓▓░░░`; full only when everything is done."""
    full, rest = ("#", ".") if ascii_only else ("▓", "░")
    filled = 0 if of <= 0 else min(width, done * width // of)
    return full * filled + rest * (width - filled)
