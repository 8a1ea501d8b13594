"""Moments as people type them: `2026-11-20`, `2026-11-20 07:00`, `07:00`, `now`, and `3d`, `12h` or `30m` ago."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

EXAMPLES: Final = "2026-11-20, 2026-11-20 07:00, 07:00, now, 3d ago"
_AGO: Final = re.compile(r"(\d{1,4})\s*([mhd])(?:\s+ago)?")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def moment(typed: str, now: datetime, zone: tzinfo | None) -> datetime:
    """The moment that is meant; without an offset in `zone`, or in that of `now`. ValueError says what is wrong."""
    text = typed.strip().lower()
    here = now.astimezone(zone) if zone is not None else now
    if text == "now":
        return here
    ago = _AGO.fullmatch(text)
    if ago:
        return here - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        try:
            found = datetime.combine(here.date(), time.fromisoformat(text))
        except ValueError:
            found = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(f"{typed.strip()!r} is no moment; write one like {EXAMPLES}") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=here.tzinfo)
