"""Durations as people write them: `90s`, `15m`, `1h30m`, `2d`, `1w`."""

from __future__ import annotations

import re
from typing import Final

_UNITS_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART: Final = re.compile(r"(\d{1,9})\s*([smhdw])\s*", re.ASCII)


def parse_duration(text: str) -> int:
    """Milliseconds; ValueError for anything else."""
    total, place, text = 0, 0, text.strip().lower()
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            raise ValueError("write a duration such as 90s, 15m, 1h30m or 2d")
        total += int(part[1]) * _UNITS_MS[part[2]]
        place = part.end()
    if total == 0:
        raise ValueError("write a duration such as 90s, 15m, 1h30m or 2d")
    return total


def duration_text(ms: int) -> str:
    """The shortest exact form: `1h30m`; what is below a second is left out."""
    rest, parts = ms // 1000, []
    for unit in ("w", "d", "h", "m", "s"):
        count, rest = divmod(rest, _UNITS_MS[unit] // 1000)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
