"""A person's own themes: `themes/NAME.json` in the config directory, with the colours that Textual's themes have.

`{"primary": "#5f87ff", "background": "#101418", "dark": true}`. What is wrong in one is told, and the others hold; a
file that is changed while FlowDesk is open is read again.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from engine.errors import BadJson
from engine.jsonio import parse_json
from flowdesk.tui import toast
from flowdesk.tui.tasks import task

if TYPE_CHECKING:
    from textual.app import App

DIRECTORY: Final = "themes"
LOOK_EACH_S: Final = 2.0
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_COLOURS: Final = (
    *("primary", "secondary", "accent", "warning", "error", "success"),
    *("foreground", "background", "surface", "panel", "boost"),
)


@dataclass(slots=True, frozen=True)
class Read:
    """What the directory held: the usable themes, a sentence for each file that is not, and when each was changed."""

    themes: tuple[Theme, ...] = ()
    wrong: tuple[str, ...] = ()
    changed: tuple[tuple[str, int], ...] = ()


def read_themes(directory: Path) -> Read:
    """Every theme of the directory; nothing when there is none. It never raises."""
    themes, wrong, changed = [], [], []
    try:
        for path in sorted(directory.glob("*.json")):
            changed.append((path.name, path.stat().st_mtime_ns))
            made = _theme(path)
            if isinstance(made, Theme):
                themes.append(made)
            else:
                wrong.append(f"{DIRECTORY}/{path.name} is not used: {made}")
    except OSError as error:
        wrong.append(f"{directory} cannot be read: {error.strerror}")
    return Read(tuple(themes), tuple(wrong), tuple(changed))


class OwnThemes:
    """Keeps the application's themes as the files say. Files that come later are seen when the settings are opened."""

    def __init__(self, app: App[Any], directory: Path) -> None:
        self._app = app
        self._directory = directory
        self._read = Read()

    def begin(self) -> None:
        """Read them before the first frame, and look after them when there are any."""
        self._take(read_themes(self._directory))
        if self._read.changed:
            self._app.set_interval(LOOK_EACH_S, self.look)

    def look(self) -> None:
        """Read them again in the background."""
        task(self._app, self._look(), what="Reading the themes", group="themes", exclusive=True)

    async def _look(self) -> None:
        found = await asyncio.to_thread(read_themes, self._directory)
        if found.changed != self._read.changed:
            self._take(found)

    def _take(self, found: Read) -> None:
        self._read = found
        for theme in found.themes:
            self._app.register_theme(theme)
        if any(theme.name == self._app.theme for theme in found.themes):
            self._app.mutate_reactive(type(self._app).theme)  # the same name, and perhaps other colours
        for trouble in found.wrong:
            toast.warn(self._app, trouble)


def _theme(path: Path) -> Theme | str:
    """The theme in the file, or what is wrong with it."""
    if not _NAME.fullmatch(path.stem):
        return "its name must be small letters, digits, - and _"
    if path.stem in BUILTIN_THEMES:
        return "a theme of that name is built in"
    try:
        value = parse_json(path.read_bytes())
    except (OSError, BadJson) as error:
        return str(error)
    if not isinstance(value, dict) or "primary" not in value:
        return "it must be an object of colours, with primary at least"
    for name, given in value.items():
        trouble = _trouble(name, given)
        if trouble is not None:
            return trouble
    return Theme(name=path.stem, **value)


def _trouble(name: str, given: object) -> str | None:
    if name == "dark":
        return None if isinstance(given, bool) else "dark must be true or false"
    if name not in _COLOURS:
        return f"there is no colour {name!r}; there are {', '.join(_COLOURS)}, and dark"
    try:
        Color.parse(given if isinstance(given, str) else "")
    except ColorParseError:
        return f"{name} must be a colour, such as tomato or # and six hexadecimal digits"
    return None
