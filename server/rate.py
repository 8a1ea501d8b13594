"""So many requests in such a time, and the arithmetic that counts them: pure, without a clock.

The arithmetic is GCRA, a leaky bucket kept as one number: the time at which all that was spent will have been paid
off. A whole window's requests may come at once; after that they come at an even pace. So no window ever sees more than
twice its number, and a client at the limit is let in again after one request's share of the window, not after all.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_UNITS_S: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_TEXT: Final = re.compile(r"([0-9]{1,9}) ?/ ?([0-9]{1,4})? ?(s|min|h|d)")
HOW: Final = "write a number and a time such as 100/s, 3000/min or 20/10min, or off"


class Rate(NamedTuple):  # groups of buckets are found by it at each request, and tuples are hashed in no time
    """`limit` requests in each `window_s` seconds."""

    limit: int
    window_s: float

    def __str__(self) -> str:
        for unit in ("d", "h", "min", "s"):
            count = self.window_s / _UNITS_S[unit]
            if count >= 1 and count == int(count):
                return f"{self.limit}/{int(count) if count > 1 else ''}{unit}"
        return f"{self.limit}/{self.window_s:g}s"


def parse_rate(text: str) -> Rate | None:
    """The rate somebody wrote, None for `off`; ValueError says how to write one."""
    if text.strip().lower() == "off":
        return None
    found = _TEXT.fullmatch(text.strip().lower())
    if found is None or int(found[1]) == 0 or int(found[2] or 1) == 0:
        raise ValueError(HOW)
    return Rate(int(found[1]), int(found[2] or 1) * _UNITS_S[found[3]])


class Standing(NamedTuple):  # made for each bucket of each request, in half the time of a frozen dataclass
    """How one bucket stands after a request: how many more would be let in now, and when all of them would be again.

    `wait_s` is how long one that was refused must wait; 0 when this bucket would have let it in.
    """

    remaining: int
    full_s: float
    wait_s: float = 0.0


def spend(rate: Rate, paid_at: float | None, now: float, cost: int = 1) -> tuple[Standing, float]:
    """How the bucket stands once `cost` requests are taken from it, and its new state; unchanged when it refuses.

    `paid_at` is the state: when all that was spent is paid off. None is a bucket nobody has touched.
    """
    # A clock that was set back must not keep anybody out for longer than a whole window.
    window_s = rate.window_s
    share_s = window_s / rate.limit  # how long one request takes to be paid off
    start = now if paid_at is None or paid_at < now else min(paid_at, now + window_s)
    after = start + cost * share_s
    owed_s = after - now
    if owed_s > window_s * (1 + 1e-9):
        return Standing(0, start - now, owed_s - window_s), start
    # What was divided is multiplied again, so whole numbers may come out a hair too small.
    remaining = int((window_s - owed_s) / share_s + 1e-6)
    return Standing(remaining, owed_s), after
