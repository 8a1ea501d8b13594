"""Takes in lines as they come and follows the end until somebody goes up: then what is read stays where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from textual.events import Blur, Click, Focus, MouseScrollUp, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scrollbar import ScrollTo, ScrollUp
from textual.selection import Selection
from textual.timer import Timer

from flowdesk.tui.draw.log_store import CAPACITY, LogStore, LogView
from flowdesk.tui.draw.logline import Layout, LogLine
from flowdesk.tui.widgets.log_surface import LogSurface

REFRESH_S: Final = 0.2
REFRESH_FOCUSED_S: Final = 0.1
_AT_ONCE: Final = 10_000
"""Lines taken over in one go; more of them would be felt."""
_CATCH_UP_S: Final = 0.01


class LogCanvas(LogSurface, inherit_bindings=False):
    """The lines. `extend` may be called as often as lines come: they are drawn a few times a second."""

    more_before: bool = False
    """Whether the owner could get older lines; set by it."""

    class Said(Message):
        """What a pane says of itself."""

        def __init__(self, pane: LogCanvas) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> LogCanvas:
            """Who says it."""
            return self.pane

    class OlderWanted(Said):
        """The person went to the first line, and there may be older ones; answered by `prepend`."""

    class Changed(Said):
        """What is shown, or how, is different now."""

    def __init__(
        self,
        *,
        view: LogView | None = None,
        ascii: bool = False,  # noqa: A002 - named like the setting
        capacity: int = CAPACITY,
        id: str | None = None,  # noqa: A002 - named like the settings
    ) -> None:
        view = view or LogView()
        layout = Layout(wrap=view.wrap, times=view.times, ascii=ascii)
        super().__init__(LogStore(view, layout, capacity), id=id)
        self._incoming: list[LogLine] = []
        self._timer: Timer | None = None
        self._asked_older = False

    def extend(self, lines: Sequence[LogLine]) -> None:
        """Add newer lines; they are drawn soon, together with all that come until then."""
        self._incoming += lines
        over = len(self._incoming) - 2 * self.store.capacity
        if over > 0:  # behind by more than can be kept: these would be dropped as soon as they are taken over
            del self._incoming[: over + self.store.capacity]
            self.store.dropped += over + self.store.capacity
        if self._timer is None and self.is_mounted:
            self._tick()

    def flush(self) -> None:
        """Take over the lines that came since the last time, now."""
        while self._incoming:
            self._take_over()

    def prepend(self, lines: Sequence[LogLine]) -> None:
        """Put older lines before the first one; what is seen stays where it is. An empty list means there are none."""
        self._asked_older = False
        self.keep_place(lambda: self.store.put_before(lines))
        self.lines_came()

    def clear(self) -> None:
        """Forget all lines. Filter and settings stay."""
        self._incoming.clear()
        self._cursor, self._asked_older = None, False
        self.keep_place(self.store.clear)
        self.following = True

    def keep_place(self, change: Callable[[], None]) -> None:
        """Do something that moves lines; then the first line seen is the same as before, or the one nearest to it."""
        top = self.store.rows.at(self.scroll_offset.y)
        number = self.store.numbers[top[0]] if top is not None else None
        change()
        self._strips.clear()
        if self.is_mounted and self.text_selection is not None:
            self.screen.clear_selection()
        self._resize_rows()
        if not self.following and number is not None:
            self._scroll_to_row(self.store.rows.first(self.store.index_of(number)))
        self.refresh()
        self.post_message(self.Changed(self))

    def go_to(self, index: int) -> None:
        """Put the cursor on a shown line and stop following."""
        if not self.store.shown:
            return
        index = max(0, min(index, len(self.store.shown) - 1))
        self._cursor = self.store.numbers[index]
        self.following = False
        rows, height = self.store.rows, self.size.height
        first, last = rows.first(index), rows.first(index + 1)
        last += 1 if self.unseen and last < len(rows) else 0  # the last row may be covered
        top = self.scroll_offset.y
        if first < top:
            self._scroll_to_row(first)
        elif last > top + height:
            self._scroll_to_row(min(last - height, first))
        self.refresh()
        self.ask_older()

    def pause(self) -> None:
        """Stop following; the cursor stays at the line it is on."""
        if self.following:
            self._cursor = self.store.numbers[-1] if self.store.numbers else None
            self.following = False

    def ask_older(self) -> None:
        """Ask for older lines when the first one is seen."""
        if self.scroll_offset.y == 0 and self.more_before and not self._asked_older and not self.store.full:
            self._asked_older = True
            self.post_message(self.OlderWanted(self))

    def watch_following(self) -> None:
        """Following begins at the end, with nothing unseen."""
        if self.following:
            self._scroll_to_row(len(self.store.rows))
        else:
            self._seen = self.store.last_number
        self.refresh()
        self.post_message(self.Changed(self))

    def on_mount(self) -> None:
        """Draw what came before there was a screen."""
        self.flush()

    def on_resize(self, _: Resize) -> None:
        """Wrapped lines are measured again."""
        width = self.scrollable_content_region.width
        if width != self.store.layout.width:
            self.store.layout.width = width
            self.keep_place(self.store.relayout)
        elif self.following:
            self._scroll_to_row(len(self.store.rows))

    def on_focus(self, _: Focus) -> None:
        """The cursor is seen only where keys go."""
        self.refresh()

    def on_blur(self, _: Blur) -> None:
        """See on_focus."""
        self.refresh()

    def on_mouse_scroll_up(self, _: MouseScrollUp) -> None:
        """The wheel stops following."""
        self.pause()
        self.call_after_refresh(self.ask_older)

    def on_scroll_up(self, _: ScrollUp) -> None:
        """So does a click above the scrollbar's grip."""
        self.pause()
        self.call_after_refresh(self.ask_older)

    def on_scroll_to(self, event: ScrollTo) -> None:
        """And pulling the grip up."""
        if event.y is not None and event.y < self.scroll_offset.y:
            self.pause()
            self.call_after_refresh(self.ask_older)

    def on_click(self, event: Click) -> None:
        """A click on the line that counts new ones follows again; any other puts the cursor there."""
        offset = event.get_content_offset(self)
        if offset is None or self.text_selection is not None:
            return
        if self._covers(offset.y):
            self.following = True
            return
        place = self.store.rows.at(offset.y + self.scroll_offset.y)
        if place is not None and (event.chain == 2 or not self.following):
            self.go_to(place[0])

    def selection_updated(self, selection: Selection | None) -> None:
        """Nothing moves while text is being selected."""
        if selection is not None:
            self.pause()
        self.refresh()

    def lines_came(self) -> None:
        """New lines were taken over; for what has to be done with them besides drawing."""

    def after_settled(self) -> None:
        """Draw what was found out since the last time."""
        self._after_rows(0)

    def _tick(self) -> None:
        self._timer = None
        if self._incoming:
            self._take_over()
            pause = REFRESH_FOCUSED_S if self.has_focus else REFRESH_S
            self._timer = self.set_timer(_CATCH_UP_S if self._incoming else pause, self._tick)

    def _take_over(self) -> None:
        lines = self._incoming[:_AT_ONCE]
        del self._incoming[:_AT_ONCE]
        columns = self.store.layout.step_columns
        gone = self.store.add(lines)
        if columns != self.store.layout.step_columns:
            self._strips.clear()
        self._after_rows(gone)
        self.lines_came()

    def _after_rows(self, gone: int) -> None:
        self._origin += gone
        self._resize_rows()
        if not self.following and gone:
            self._scroll_to_row(max(self.scroll_offset.y - gone, 0))
        self.refresh()
        self.post_message(self.Changed(self))

    def _resize_rows(self) -> None:
        width = 0 if self.store.layout.wrap else self.store.width
        self.virtual_size = Size(width, len(self.store.rows))
        if self.following:
            self._scroll_to_row(len(self.store.rows))

    def _scroll_to_row(self, row: int) -> None:
        self.scroll_to(y=row, animate=False, force=True)
