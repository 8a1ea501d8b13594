"""Text fields without invisible characters: what is typed, pasted or put into them can be drawn as it is."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import Key
from textual.widgets import Input, TextArea
from textual.widgets.text_area import Edit, EditResult


def visible(text: str, *, lines: bool = False) -> str:
    """The text without what cannot be seen."""
    if text.isprintable():
        return text
    return "".join(char for char in text if char.isprintable() or (lines and char == "\n"))


class LineInput(Input):
    """One line of text.

    A line that `leave`s at enter does it at once: keys typed right behind it, which are on their way here already, are
    meant for who has the focus then.
    """

    leave: Callable[[], None] | None = None

    async def _on_key(self, event: Key) -> None:
        if self.screen.focused is not self:
            event.prevent_default()  # and goes on to the app, which knows whose key it is
        elif event.key == "enter" and self.leave is not None:
            event.stop()
            event.prevent_default()
            await self.action_submit()
            self.leave()

    def replace(self, text: str, start: int, end: int) -> None:
        """Typing and pasting come through here."""
        super().replace(visible(text.replace("\n", " ").replace("\t", " ")), start, end)

    def validate_value(self, value: str) -> str:
        """What a program puts into it comes through here."""
        return visible(value)


class AreaInput(TextArea):
    """Several lines of text; tab leaves it."""

    def edit(self, edit: Edit) -> EditResult:
        """Typing and pasting come through here."""
        edit.text = visible(edit.text.replace("\r\n", "\n").replace("\t", "    "), lines=True)
        return super().edit(edit)
