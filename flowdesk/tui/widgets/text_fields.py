"""Text fields without invisible characters: what is typed, pasted or put into them can be drawn as it is."""

from __future__ import annotations

from collections.abc import Callable

from textual.actions import SkipAction
from textual.events import Key, Paste
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


class SecretInput(Input):
    """One value that is never shown, kept exactly as it is typed or pasted, also when it has several lines.

    It can be neither copied nor cut: what is selected in it would lie in the terminal's clipboard.
    """

    def __init__(self, *, placeholder: str = "", id: str | None = None, compact: bool = False) -> None:  # noqa: A002
        super().__init__(placeholder=placeholder, id=id, compact=compact, password=True)

    def _on_paste(self, event: Paste) -> None:
        """All of it but a line's end behind it; an Input would keep the first line of a key and drop the rest."""
        event.prevent_default()
        event.stop()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
        self.replace(text, *self.selection)

    def action_copy(self) -> None:
        """No: the key is the application's."""
        raise SkipAction

    def action_cut(self) -> None:
        """No."""


class AreaInput(TextArea):
    """Several lines of text; tab leaves it."""

    def edit(self, edit: Edit) -> EditResult:
        """Typing and pasting come through here."""
        edit.text = visible(edit.text.replace("\r\n", "\n").replace("\t", "    "), lines=True)
        return super().edit(edit)
