"""A log pane with its filter line and its state in the border."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from flowdesk.clean import clean
from flowdesk.tui import keys
from flowdesk.tui.draw.fit import cut
from flowdesk.tui.draw.log_store import LogView
from flowdesk.tui.widgets.log_pane import LogPane
from flowdesk.tui.widgets.text_fields import LineInput

_FILTER_COLUMNS = 40


class LogPanel(Vertical):
    """`pane` is the log; `/` opens the filter line below it."""

    DEFAULT_CSS = """
    LogPanel { height: 1fr; border-subtitle-align: right; }
    LogPanel Input { display: none; padding: 0 1; background: $surface; }
    LogPanel.-filtering Input { display: block; }
    LogPanel.-invalid Input { color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("logfilter")]

    def __init__(
        self,
        *,
        view: LogView | None = None,
        ascii: bool = False,  # noqa: A002 - named like the setting
        clock: Callable[[], datetime] | None = None,
        id: str | None = None,  # noqa: A002 - named like textual's
    ) -> None:
        super().__init__(id=id, classes="pane")
        self.pane = LogPane(view=view, ascii=ascii, clock=clock)
        self._plain = ascii

    def compose(self) -> ComposeResult:
        """The lines above, the filter line below."""
        yield self.pane
        line = LineInput(placeholder="filter: text, !text, re:pattern", select_on_focus=True, compact=True)
        line.leave = self.action_logfilter_leave
        yield line

    @property
    def status(self) -> str:
        """Following, level, filter and number of lines, in words."""
        pane, store = self.pane, self.pane.store
        parts = [f"follow {'on' if pane.following else 'off'}"]
        parts.append(f"level {store.view.level}" + ("" if store.view.level == "error" else "+"))
        if store.step is not None:
            parts.append(f"step {cut(store.step, _FILTER_COLUMNS)}")
        kind = "highlight" if store.view.context else "filter"
        parts.append(f"{kind}: {cut(clean(pane.typed), _FILTER_COLUMNS) or '-'}")
        if store.wanted.problem:
            parts.append(clean(store.wanted.problem))
        parts.append("1 line" if len(store.shown) == 1 else f"{len(store.shown):,} lines")
        if store.dropped:
            parts.append(f"{store.dropped:,} older dropped")
        return (" - " if self._plain else " · ").join(parts)

    @on(LogPane.Changed)
    def _show_status(self) -> None:
        self.border_subtitle = Content(self.status)
        self.set_class(bool(self.pane.store.wanted.problem), "-invalid")

    @on(LogPane.FilterWanted)
    def _open_filter(self) -> None:
        """The filter line opens with the last filter selected, so that typing replaces it and enter takes it again."""
        self.add_class("-filtering")
        line = self.query_one(Input)
        line.focus()
        self.pane.set_filter(line.value)

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        if self.has_class("-filtering"):
            self.pane.set_filter(event.value)

    @on(Input.Submitted)
    def _take_filter(self, event: Input.Submitted) -> None:
        event.stop()  # the line left already

    def action_logfilter_leave(self) -> None:
        """Back to the lines; the filter stays until escape is pressed there."""
        if not self.has_class("-filtering"):
            raise SkipAction  # the keys were meant for something else
        self.screen.set_focus(self.pane)
        self.remove_class("-filtering")
