"""Cells of lists: states in their colours, times as people say them, and text from outside made harmless."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from rich.text import Text

from flowdesk.clean import clean
from flowdesk.show.text import duration, parse_time
from flowdesk.tui.draw.status import Kind, look

if TYPE_CHECKING:
    from flowdesk.tui.host import FlowApp

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"))
_LONGEST: Final = 200


def plain(value: object, style: str = "") -> Text:
    """Text from outside, as it is."""
    text = clean(value)
    return Text(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…", style=style, no_wrap=True)


def dim(value: object) -> Text:
    """The same, less important."""
    return plain(value, "dim")


def state(app: FlowApp, status: str, kind: Kind = "run", *, word: bool = False) -> Text:
    """A state's sign in its colour, and its word when there is room."""
    found = look(status, kind)
    sign = found.plain if app.ascii else found.glyph
    colour = app.theme_variables.get(found.variable, "")
    style = "dim" if found.variable == "text-muted" else colour
    return Text(f"{sign} {found.word}" if word else sign, style=style, no_wrap=True)


def ago(app: FlowApp, at: str | None) -> Text:
    """How long ago, in the largest unit: `2m`."""
    moment = parse_time(at)
    return dim("–" if moment is None else span((app.clock() - moment).total_seconds()))


def until(app: FlowApp, at: str | None) -> Text:
    """How long from now: `in 41s`, or `now` when it is due."""
    moment = parse_time(at)
    if moment is None:
        return dim("–")
    seconds = (moment - app.clock()).total_seconds()
    return plain("now" if seconds <= 0 else f"in {span(seconds)}")


def took(ms: float | None) -> Text:
    """A duration, or a dash."""
    return dim("–" if ms is None else duration(ms))


def span(seconds: float) -> str:
    """Seconds in the largest unit that fits: `41s`, `2m`, `10h`, `3d`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def clock_time(app: FlowApp, at: str | None, zone: tzinfo | None = None) -> str:
    """A time of day, with the day when it is not today: in this terminal's zone, or in another one that is named."""
    moment = parse_time(at)
    if moment is None:
        return "–"
    now = app.clock().astimezone(zone) if zone is not None else app.clock()
    local = moment.astimezone(now.tzinfo)
    day = "" if local.date() == now.date() else "%a %d "
    return local.strftime(f"{day}%H:%M" if zone is None else f"{day}%H:%M %Z")


def zone(name: str) -> tzinfo | None:
    """The time zone of this name; None when it means nothing on this machine."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
