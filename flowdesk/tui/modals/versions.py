"""The saved versions of a workflow: who saved them when, and how each differs from what is edited now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from flowdesk.clean import clean
from flowdesk.replies import VersionDoc
from flowdesk.show.changes import change_lines, changes_between
from flowdesk.show.paint import Paint
from flowdesk.show.text import day_time
from flowdesk.tui.document.source import as_written
from flowdesk.tui.tasks import task


class VersionsModal(ModalScreen[int | None]):
    """Gives the number of the version to restore, or None. `fetch` reads the document of a version.

    `called` gives the name of a user by its id.
    """

    DEFAULT_CSS = """
    VersionsModal .dialog { width: 100; height: 90%; }
    VersionsModal OptionList { height: auto; max-height: 10; border: none; background: $surface; }
    VersionsModal VerticalScroll { height: 1fr; border: round $border-blurred; }
    VersionsModal VerticalScroll Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(
        self,
        versions: Sequence[VersionDoc],
        now: dict[str, Any],
        fetch: Callable[[int], Awaitable[dict[str, Any]]],
        *,
        called: Callable[[str], str] = str,
        why_not: str | None = None,
    ) -> None:
        super().__init__()
        self._called = called
        self._versions, self._now, self._fetch, self._why_not = list(versions), now, fetch, why_not
        self._documents: dict[int, dict[str, Any]] = {}

    def compose(self) -> ComposeResult:
        """The versions above, the differences of the highlighted one below."""
        with Vertical(classes="dialog"):
            yield Static(Text("Versions", style="bold"), markup=False)
            yield OptionList(*(Option(_line(version, self._called(version["savedBy"]))) for version in self._versions))
            pane = VerticalScroll(Static("", id="changes", markup=False))
            pane.border_title = Content("from this version to what you edit")
            yield pane
            hint = self._why_not or "enter restores the version as a new one, esc leaves"
            yield Static(Text(clean(hint)), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin with the newest."""
        self.query_one(OptionList).focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Read the version and compare."""
        event.stop()
        number = self._versions[event.option_index]["version"]
        task(self, self._compare(number), what=f"Reading version {number}", group="version", exclusive=True)

    async def _compare(self, number: int) -> None:
        if number not in self._documents:
            self._documents[number] = as_written(dict(await self._fetch(number)))
        lines = change_lines(changes_between(self._documents[number], self._now), Paint())
        self.query_one("#changes", Static).update(Text("\n".join(lines) or "no difference"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Restore this one."""
        event.stop()
        if self._why_not is None:
            self.dismiss(self._versions[event.option_index]["version"])

    def action_leave(self) -> None:
        """Restore nothing."""
        self.dismiss(None)


def _line(version: VersionDoc, who: str) -> Content:
    steps = version["steps"]
    said = f"{day_time(version['savedAt'])}  {clean(who)}  {steps} step{'' if steps == 1 else 's'}"
    return Content.assemble((f"v{version['version']:<5}", "bold"), said)
