"""How far the runs that a step has called have come, in a few characters and in words."""

from __future__ import annotations

from typing import Final

from flowdesk.replies import CallCounts
from flowdesk.tui.draw.status import glyph

_STATES: Final = (("succeeded", "SUCCESS"), ("failed", "FAILED"), ("open", "RUNNING"))


def shares(calls: CallCounts) -> tuple[str, ...]:
    """How many have ended of how many there are to be, and the same shorter: `37/100`, `37%`."""
    ended, total = calls["succeeded"] + calls["failed"], calls["total"]
    whole = f"{ended}/{total}"
    return (whole, f"{100 * ended // total}%") if total else (whole,)


def share(calls: CallCounts | None) -> str:
    """How many have ended of how many there are to be; nothing for a step that has called none."""
    return shares(calls)[0] if calls is not None else ""


def counts(calls: CallCounts, *, plain: bool = False) -> str:
    """The same with how many there are of each kind: `37/100  ✔ 33  ✖ 4  ● 3`."""
    numbers = {"succeeded": calls["succeeded"], "failed": calls["failed"], "open": calls["open"]}
    kinds = [f"{glyph(status, plain, 'run')} {numbers[name]:,}" for name, status in _STATES if numbers[name]]
    return "  ".join([share(calls), *kinds])
