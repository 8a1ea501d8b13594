"""Suggestions for mistyped names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN = 8


def nearest(name: str, known: Iterable[str], *, listed: bool = True) -> str | None:
    """`did you mean x?`, or the known names when none is near and they are few."""
    names = list(dict.fromkeys(known))
    lowered = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    if close:
        return f"did you mean {lowered[close[0]]}?"
    if listed and 0 < len(names) <= _SHOWN:
        return f"known: {', '.join(names)}"
    return None
