"""A list of things from the server: paged, filtered, marked, sorted and changed in place.

Rows are known by key, so the cursor stays on the row where the person put it, whatever comes or goes. More pages are
read when the cursor comes near the end of what is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Static

from flowdesk.clean import clean
from flowdesk.tui import keys
from flowdesk.tui.draw.rowset import Column, RowSet
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.rows import Rows
from flowdesk.tui.widgets.text_fields import LineInput

T = TypeVar("T")
PAGE: Final = 200
_NEAR_END: Final = 20
_LOOK_AHEAD: Final = 5_000
"""So many rows are read without being asked for when the filter leaves too few to fill the screen."""
_SHIFT: Final = 8


@dataclass(frozen=True)  # no slots: `Fetched[Run](...)` sets an attribute
class Fetched(Generic[T]):
    """A page of things and what to ask for the next one."""

    items: Sequence[T]
    cursor: str | None = None


Fetch = Callable[[str | None], Awaitable[Fetched[T]]]


class _Told(Message):
    """What a list tells."""

    def __init__(self, listing: Listing[Any]) -> None:
        super().__init__()
        self.listing = listing

    @property
    def control(self) -> Listing[Any]:
        """The list."""
        return self.listing


class Listing(Vertical, Generic[T]):
    """A filterable list. Give it `fetch`, then call `reload`; `upsert` and `remove` keep it live."""

    DEFAULT_CSS = """
    Listing { height: 1fr; }
    Listing Input { display: none; height: 1; padding: 0 1; background: $surface; }
    Listing.-filtering Input, Listing.-filtered Input { display: block; }
    Listing .empty { display: none; }
    Listing.-empty .empty { display: block; }
    Listing.-empty Rows { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("list")]
    HELP = (
        "Enter or a double click opens a row. `/` narrows the list while you type (`!` in front leaves out what fits), "
        "`space` marks, `s` sorts."
    )

    filter_text: reactive[str] = reactive("", init=False)

    class Opened(_Told):
        """Enter or a double click on a row."""

        def __init__(self, listing: Listing[Any], item: Any) -> None:
            super().__init__(listing)
            self.item = item

    class Changed(_Told):
        """The cursor, the marks or the number of rows changed."""

    class Arranged(_Told):
        """Another column sorts, or the other way round."""

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        key: Callable[[T], str],
        fetch: Fetch[T],
        empty: str,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.rows = RowSet(columns, key)
        self._fetch = fetch
        self._empty = empty
        self.cursor: str | None = None
        """What to ask the server for to read on; None when everything was read."""
        self._reading = False
        self._last_filter = ""
        """What was typed before it was dropped; the filter line opens with it."""
        self.loaded = False
        """Whether the first page has come."""

    def compose(self) -> ComposeResult:
        """Filter line, table, and what to say when there is nothing."""
        line = LineInput(placeholder="filter", id="filter", compact=True)
        line.leave = self._leave_filter
        yield line
        yield Rows(self.rows, plain=getattr(self.app, "ascii", False))
        yield Static(Text(self._empty), classes="empty", markup=False)

    @property
    def table(self) -> Rows:
        """The table that shows the rows."""
        return self.query_one(Rows)

    @property
    def items(self) -> list[T]:
        """Everything that was read, filtered or not, in the order of the server."""
        return list(self.rows.items.values())

    @property
    def shown(self) -> list[T]:
        """What passes the filter, in the order of the screen."""
        return [self.rows.items[key] for key in self.rows.shown]

    @property
    def current(self) -> T | None:
        """The thing under the cursor."""
        at = self.table.cursor_row
        return self.rows.items.get(self.rows.shown[at]) if 0 <= at < len(self.rows.shown) else None

    @property
    def marked(self) -> list[T]:
        """The marked things that are shown."""
        marked = self.rows.marked
        return [self.rows.items[key] for key in self.rows.shown if key in marked] if marked else []

    @property
    def chosen(self) -> list[T]:
        """What an action is about: the marked things, else the one under the cursor."""
        current = self.current
        return self.marked or ([current] if current is not None else [])

    def reload(self) -> None:
        """Read the first page again; the cursor stays on its row when that is still there."""
        task(self, self._read(None), what="Reading the list", group="list", exclusive=True)

    def load_more(self) -> None:
        """Read the next page, if there is one and it is not being read already."""
        if self.cursor is not None and not self._reading:
            task(self, self._read(self.cursor), what="Reading the list", group="list", exclusive=True)

    def put(self, items: Iterable[T]) -> None:
        """Show exactly these."""
        keep = self._current_key()
        self.rows.put(items)
        self._show(keep)

    def upsert(self, item: T) -> None:
        """Show a new or changed thing; a new one comes first."""
        keep = self._current_key()
        if self.rows.add(item):
            self._show(keep)
        else:
            self.table.redraw(self.rows.key(item))
            self.post_message(self.Changed(self))

    def explain(self, empty: str) -> None:
        """Say this from now on where there is nothing to show."""
        self._empty = empty

    def take_out(self, key: str) -> None:
        """Show this one no longer."""
        if self.rows.drop(key):
            self._show(None)

    def redraw(self) -> None:
        """Draw the cells again, for what changes with time or was learnt elsewhere."""
        self.table.redraw()
        self.post_message(self.Changed(self))

    def tick(self) -> None:
        """Draw what is on the screen again where it changes with time."""
        self.table.tick()

    def sort_by(self, key: str, *, reverse: bool) -> None:
        """Sort by the column of this key, if there is one."""
        self.rows.sorted_by = next((column for column in self.rows.columns if column.key == key), None)
        self.rows.reverse = reverse
        self.rows.arrange()

    def point_at(self, key: str) -> None:
        """Put the cursor on that row, if it is shown."""
        if key in self.rows.shown:
            self.table.move_cursor(self.rows.shown.index(key))

    def unmark(self) -> None:
        """Mark nothing."""
        self.rows.marked.clear()
        self.redraw()

    def _current_key(self) -> str | None:
        current = self.current
        return self.rows.key(current) if current is not None else None

    async def _read(self, cursor: str | None) -> None:
        self._reading = True
        try:
            page = await self._fetch(cursor)
        finally:
            self._reading = False
        # Read from the start again, further pages stay as they were.
        kept = self.rows.after(page.items) if cursor is None and page.cursor is not None else []
        if not kept:
            self.cursor = page.cursor
        self.loaded = True
        self.put([*page.items, *kept] if cursor is None else [*self.items, *page.items])

    def _show(self, keep: str | None, row: int | None = None) -> None:
        """Draw what the rows are now, the cursor on the row `keep`, or else on that number, or where it is."""
        rows = self.rows
        at = self.table.cursor_row if row is None else row
        self.table.show(rows.shown.index(keep) if keep in rows.shown else at)
        self.set_class(self.loaded and not rows.shown, "-empty")
        self.query_one(".empty", Static).update(Text(self._nothing_shown()))

    def _nothing_shown(self) -> str:
        if not (self.rows.filter and self.rows.items):
            return self._empty
        so_far = f" among the first {len(self.rows.items):,}; . reads on," if self.cursor is not None else ";"
        return f"nothing fits {clean(self.rows.filter)!r}{so_far} esc shows all"

    def watch_filter_text(self) -> None:
        """Narrow as it is typed."""
        keep = self._current_key()
        self.rows.filter = self.filter_text
        self.rows.arrange()
        self.set_class(bool(self.filter_text), "-filtered")
        self._show(keep, 0)

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.filter_text = event.value

    @on(Input.Submitted, "#filter")
    def _typed_enough(self, event: Input.Submitted) -> None:
        event.stop()  # the line left already

    def _leave_filter(self) -> None:
        self.screen.set_focus(self.table)
        self.remove_class("-filtering")

    def action_list_leave(self) -> None:
        """Leave the filter line, then drop the filter, then the marks, then the screen."""
        entry = self.query_one(Input)
        if entry.has_focus or entry.value:
            self._last_filter = entry.value or self._last_filter
            entry.value = ""
            self._leave_filter()
        elif self.rows.marked:
            self.unmark()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape belongs to the screen when there is nothing here to leave."""
        if action == "list_leave":
            entry = self.query_one(Input)
            return entry.has_focus or bool(entry.value or self.rows.marked)
        return True

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        shown, held = len(self.rows.shown), len(self.rows.items)
        if shown - self.table.cursor_row <= _NEAR_END and (shown == held or held < _LOOK_AHEAD):
            self.load_more()
        self.post_message(self.Changed(self))

    @on(Rows.Opened)
    def _opened(self, event: Rows.Opened) -> None:
        event.stop()
        self.action_list_open()

    @on(Rows.TitleClicked)
    def _title_clicked(self, event: Rows.TitleClicked) -> None:
        event.stop()
        keep = self._current_key()
        self.rows.sort_by(event.column)
        self._arranged(keep)

    def action_list_open(self) -> None:
        """Open the row."""
        current = self.current
        if current is not None:
            self.post_message(self.Opened(self, current))

    def action_list_down(self) -> None:
        """One row down."""
        self.table.move_cursor(self.table.cursor_row + 1)

    def action_list_up(self) -> None:
        """One row up."""
        self.table.move_cursor(self.table.cursor_row - 1)

    def action_list_first(self) -> None:
        """To the first row."""
        self.table.move_cursor(0)

    def action_list_end(self) -> None:
        """To the last row."""
        self.table.move_cursor(len(self.rows.shown) - 1)

    def action_list_page_down(self) -> None:
        """Half a page down."""
        self.table.move_cursor(self.table.cursor_row + max(1, self.table.seen_rows // 2))

    def action_list_page_up(self) -> None:
        """Half a page up."""
        self.table.move_cursor(self.table.cursor_row - max(1, self.table.seen_rows // 2))

    def action_list_screen_down(self) -> None:
        """A whole page down."""
        self.table.move_cursor(self.table.cursor_row + max(1, self.table.seen_rows))

    def action_list_screen_up(self) -> None:
        """A whole page up."""
        self.table.move_cursor(self.table.cursor_row - max(1, self.table.seen_rows))

    def action_list_left(self) -> None:
        """What was left of the screen."""
        self.table.shift(-_SHIFT)

    def action_list_right(self) -> None:
        """What goes on right of the screen."""
        self.table.shift(_SHIFT)

    def action_list_filter(self) -> None:
        """Begin or change the filter: what stands in the line is selected, so that typing replaces it."""
        self.add_class("-filtering")
        entry = self.query_one(Input)
        if not entry.value:
            entry.value = self._last_filter
        entry.focus()

    def action_list_mark(self) -> None:
        """Mark or unmark this row and go to the next."""
        key = self._current_key()
        if key is not None:
            self.rows.toggle(key)
            self.table.redraw(key)
            self.action_list_down()

    def action_list_mark_all(self) -> None:
        """Mark everything shown; when it is, nothing."""
        self.rows.toggle_all()
        self.redraw()

    def action_list_sort(self) -> None:
        """Sort by the next column, and after the last in the server's order again."""
        keep = self._current_key()
        self.rows.sort_next()
        self._arranged(keep)

    def action_list_reverse(self) -> None:
        """Turn the order around."""
        keep = self._current_key()
        self.rows.turn()
        self._arranged(keep)

    def _arranged(self, keep: str | None) -> None:
        self._show(keep)
        self.post_message(self.Arranged(self))

    def action_list_more(self) -> None:
        """Read the next page."""
        self.load_more()

    def action_list_copy(self) -> None:
        """Copy the chosen rows, tab separated."""
        from flowdesk.tui.clipboard import copy

        rows = ["\t".join(column.show(item).plain.strip() for column in self.rows.columns) for item in self.chosen]
        if rows:
            copy(self.app, "\n".join(rows), "the row" if len(rows) == 1 else f"{len(rows)} rows")
