"""Choosing a file by its path, which is completed while it is typed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from flowdesk.clean import clean
from flowdesk.tui.widgets.text_fields import LineInput


class PathSuggester(Suggester):
    """The first path in the folder that begins like what was typed; folders, and files that end rightly."""

    def __init__(self, suffixes: tuple[str, ...]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._suffixes = suffixes

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path, a folder's with a slash at its end."""
        return await asyncio.to_thread(complete, value, self._suffixes) if value else None


class ChooseFileModal(ModalScreen[str | None]):
    """Gives the path as it was typed, or None."""

    DEFAULT_CSS = "ChooseFileModal .dialog { width: 88; height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("tab", "complete", "Complete", priority=True),
    ]

    def __init__(self, title: str, proposal: str, suffixes: tuple[str, ...]) -> None:
        super().__init__()
        self._title = title
        self._proposal = proposal
        self._suffixes = suffixes

    def compose(self) -> ComposeResult:
        """What the file is for, and its path."""
        with Vertical(classes="dialog"):
            yield Static(Text(clean(self._title), style="bold"), markup=False)
            yield LineInput(self._proposal, suggester=PathSuggester(self._suffixes), select_on_focus=False)
            hint = f"tab completes · enter takes it · esc leaves · {', '.join(self._suffixes)}"
            yield Static(Text(hint), classes="hint", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """A path was given."""
        event.stop()
        self.dismiss(event.value.strip() or None)

    def action_complete(self) -> None:
        """Take the suggestion."""
        self.query_one(Input).action_cursor_right()

    def action_leave(self) -> None:
        """Not now."""
        self.dismiss(None)


def complete(typed: str, suffixes: tuple[str, ...]) -> str | None:
    """The first fitting path; None when there is none, or it cannot be shown as it is."""
    head, begun = os.path.split(typed)
    try:
        folder = Path(head).expanduser() if head else Path()
        with os.scandir(folder) as entries:
            fitting = sorted(
                (entry.name, entry.is_dir())
                for entry in entries
                if entry.name.startswith(begun) and (begun or not entry.name.startswith("."))
            )
    except (OSError, RuntimeError, ValueError):
        return None
    for name, is_folder in fitting:
        if (is_folder or name.lower().endswith(suffixes)) and clean(name) == name:
            return typed[: len(typed) - len(begun)] + name + ("/" if is_folder else "")
    return None
