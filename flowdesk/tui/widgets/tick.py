"""A switch in a dialog or a form: `[x]` when it is on, `[ ]` when it is off."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.style import Style
from textual.widgets import Checkbox


class Tick(Checkbox):
    """A checkbox that says by its sign whether it is on.

    Textual's own draws the same sign both ways and tells them apart by colour, which not every terminal and not every
    eye can.
    """

    DEFAULT_CSS: ClassVar[str] = """
    Tick { background: transparent; }
    Tick > .toggle--button, Tick.-on > .toggle--button { background: transparent; color: $foreground; }
    """

    @property
    def _button(self) -> Content:
        """The sign; Textual offers no public place for one that depends on the value."""
        style: Style = self.get_visual_style("toggle--button")
        return Content.styled("[x]" if self.value else "[ ]", style)
