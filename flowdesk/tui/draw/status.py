"""How each state looks: a sign of one cell, its ASCII twin, the CSS class and theme variable of its colour, and a word.

No state is told by colour alone. The states are those the API gives, the same word meaning the same for runs and steps;
where a job, link or schedule differs, `kind` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from flowdesk.clean import clean

Kind = Literal["step", "run", "job", "link", "schedule"]
Tone = Literal["success", "error", "warning", "accent", "text-muted"]


@dataclass(slots=True, frozen=True)
class Look:
    """How one state is shown. `variable` names the theme's colour (without `$`), `css` the class of a widget in it."""

    glyph: str
    plain: str
    css: str
    variable: Tone
    word: str
    ends: bool = False
    """Whether nothing more happens by itself."""


def look(status: str, kind: Kind = "step") -> Look:
    """The look of a state; one this version does not know is shown by its own name."""
    found = _OWN.get((kind, status)) or _COMMON.get(status)
    return found or Look("·", ".", "-unknown", "text-muted", clean(status).lower())


def glyph(status: str, ascii: bool = False, kind: Kind = "step") -> str:  # noqa: A002 - named like the setting
    """The sign of a state, one cell wide."""
    found = look(status, kind)
    return found.plain if ascii else found.glyph


def style_class(status: str, kind: Kind = "step") -> str:
    """The CSS class of a widget that shows this state: `-failed`."""
    return look(status, kind).css


def word(status: str, kind: Kind = "step") -> str:
    """The state in words, for lines that have room: `failed`."""
    return look(status, kind).word


_COMMON: Final = {
    "PENDING": Look("·", ".", "-pending", "text-muted", "not started"),
    "QUEUED": Look("·", ".", "-queued", "text-muted", "queued"),
    "RUNNING": Look("●", "*", "-running", "accent", "running"),
    "WAITING": Look("◷", "?", "-waiting", "warning", "waiting"),
    "RETRYING": Look("↻", "r", "-retrying", "warning", "waiting for its next attempt"),
    "SUCCESS": Look("✔", "+", "-success", "success", "succeeded", ends=True),
    "COMPLETED": Look("✔", "+", "-success", "success", "done", ends=True),
    "FAILED": Look("✖", "x", "-failed", "error", "failed", ends=True),
    "SKIPPED": Look("⊘", "-", "-skipped", "text-muted", "skipped", ends=True),
    "CANCELLED": Look("■", "#", "-cancelled", "warning", "cancelled", ends=True),
}
_OWN: Final[dict[tuple[Kind, str], Look]] = {
    ("job", "PENDING"): Look("↻", "r", "-retrying", "warning", "waiting"),
    ("job", "FAILED"): Look("✖", "x", "-failed", "error", "given up", ends=True),
    ("link", "connecting"): Look("◌", "~", "-connecting", "text-muted", "connecting"),
    ("link", "connected"): Look("●", "*", "-connected", "success", "connected"),
    ("link", "reconnecting"): Look("◌", "~", "-reconnecting", "warning", "reconnecting"),
    ("link", "offline"): Look("○", "o", "-offline", "error", "offline", ends=True),
    ("schedule", "enabled"): Look("✔", "+", "-enabled", "success", "on"),
    ("schedule", "paused"): Look("‖", "=", "-paused", "text-muted", "paused"),
}


def step_status(status: str, retry_at: str | None) -> str:
    """A step's state, with the pause before its next attempt told apart from other waiting."""
    return "RETRYING" if status == "WAITING" and retry_at is not None else status


PINNED: Final = Look("◈", "P", "-pinned", "accent", "pinned")
"""A step whose output is pinned, in the editor."""
EVERY: Final = (*(("step", name) for name in _COMMON), *_OWN)
"""Every kind and state there is a look for."""
