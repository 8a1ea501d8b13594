"""Times as tests write them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


def ms(text: str, zone: str = "UTC") -> int:
    """Milliseconds of a local time."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


NINE = ms("2026-11-23T09:00")
"""A Monday."""
