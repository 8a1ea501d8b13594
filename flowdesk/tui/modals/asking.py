"""What panes with data ask of the screen they are on: to copy, to save, to page, to look into a line.

The dialog that looks into a line is here as well: its own inspector asks the same things.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen

from flowdesk.clean import clean
from flowdesk.tui import clipboard, toast
from flowdesk.tui.draw.values import text_of
from flowdesk.tui.host import FlowApp
from flowdesk.tui.modals.save import SaveModal
from flowdesk.tui.pager import page
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.data_inspector import DataInspector
from flowdesk.tui.widgets.log_pane import LogPane

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_NAME: Final = 60


class Asking(Screen[None]):
    """Mixed into screens and dialogs with log panes or inspectors."""

    @on(DataInspector.Copy)
    @on(LogPane.Copy)
    def _copy(self, event: DataInspector.Copy | LogPane.Copy) -> None:
        event.stop()
        clipboard.copy(self.app, event.text, event.what)

    @on(DataInspector.SaveWanted)
    def _save(self, event: DataInspector.SaveWanted) -> None:
        event.stop()
        self.save_value(event.value, event.path)

    @on(LogPane.PagerWanted)
    def _page(self, event: LogPane.PagerWanted) -> None:
        event.stop()
        page(cast(FlowApp, self.app), event.text)

    @on(LogPane.Inspect)
    def _inspect(self, event: LogPane.Inspect) -> None:
        event.stop()
        line = event.line
        what = {"at": line.at, "step": line.step, "attempt": line.attempt, "text": line.text, "detail": line.detail}
        value = line.detail if isinstance(line.detail, dict) and "seq" in line.detail else what
        self.app.push_screen(InspectModal(value, "line"))

    def save_value(self, value: Any, path: str) -> None:
        """Ask where to, and write the value there as JSON."""
        task(self, self._save_value(value, path), what="Saving", group="save", exclusive=True)

    async def _save_value(self, value: Any, path: str) -> None:
        asked = SaveModal(path, str(Path.cwd() / f"{file_name(path)}.json"))
        wanted = await self.app.push_screen_wait(asked)
        if wanted is None:
            return
        try:
            place = await asyncio.to_thread(_write, wanted, value)
        except FileExistsError:
            toast.warn(self, f"{wanted} exists already; nothing was written")
        except (OSError, RuntimeError) as error:
            toast.warn(self, f"cannot write {wanted}: {getattr(error, 'strerror', None) or error}")
        else:
            toast.say(self, f"saved {clean(path)} as {place}")


class InspectModal(Asking, ModalScreen[None]):
    """Shows a value; escape leaves."""

    DEFAULT_CSS = """
    InspectModal .dialog { width: 90%; height: 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(self, value: Any, path: str) -> None:
        super().__init__()
        self._value = value
        self._path = path

    def compose(self) -> ComposeResult:
        """The inspector."""
        with Vertical(classes="dialog"):
            yield DataInspector()

    def on_mount(self) -> None:
        """Show the value and give it the keys."""
        inspector = self.query_one(DataInspector)
        inspector.show(self._value, self._path)
        inspector.focus()

    def action_leave(self) -> None:
        """Back to where it was opened."""
        self.dismiss(None)


def file_name(path: str) -> str:
    """A file's name for a value: `steps-fetch-body`."""
    return _NOT_IN_NAMES.sub("-", path).replace(".", "-").strip("-")[:_LONGEST_NAME] or "value"


def _write(wanted: str, value: Any) -> Path:
    """Write a new file that only its owner may read."""
    place = Path(wanted).expanduser()
    text = text_of(value) + "\n"
    place.touch(mode=0o600, exist_ok=False)
    place.write_text(text, encoding="utf-8")
    return place
