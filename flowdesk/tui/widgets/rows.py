"""The table of a list. It keeps no rows of its own: it draws those of a RowSet that are on the screen, however many
there are, so showing, filtering and sorting cost the same with ten rows as with ten thousand.

A click chooses a row, a second one opens it; a click on a title sorts.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.events import Blur, Click, Focus, Leave, MouseMove
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from flowdesk.tui.draw.rowset import Column, RowSet, laid_out

_PAD = Segment(" ")
_MARK: Final = 3
"""The cells of the mark before each row."""


class Rows(ScrollView, can_focus=True, inherit_bindings=False):
    """Titles, rows, and the cursor on one of them; who reads and changes the rows is `Listing`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--title", "rows--cursor", "rows--hover"}
    DEFAULT_CSS = """
    Rows {
        height: 1fr;
        background: $background;
        scrollbar-size: 0 1;  /* the arrow keys move wide rows; a bar would take a row of the list */
        & > .rows--title { text-style: bold; background: $panel; color: $foreground; }
        & > .rows--hover { background: $block-hover-background; }
        & > .rows--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .rows--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """
    ALLOW_SELECT = False

    show_titles: reactive[bool] = reactive(True, init=False)

    class Moved(Message):
        """The cursor was moved, or other rows are shown."""

    class Opened(Message):
        """A double click on the row of the cursor."""

    class TitleClicked(Message):
        """A click on a title."""

        def __init__(self, column: Column[Any]) -> None:
            super().__init__()
            self.column = column

    def __init__(self, rows: RowSet[Any], *, plain: bool = False) -> None:
        super().__init__()
        self.rows = rows
        self.plain = plain
        """Whether only ASCII may be drawn."""
        self.cursor_row = 0
        self._hover: int | None = None
        self._drawn: dict[str, list[Text]] = {}
        self._laid: tuple[Any, list[tuple[Column[Any], int]]] = (None, [])

    @property
    def columns(self) -> list[Column[Any]]:
        """Those there is room for."""
        return [column for column, _width in self._layout()]

    def get_row(self, key: str) -> list[Text]:
        """The cells of a row, the mark before the columns there is room for."""
        cells = dict(zip((column.key for column in self.rows.columns), self.rows.learn(key), strict=True))
        return [self._mark(key), *(cells[column.key] for column in self.columns)]

    def show(self, row: int) -> None:
        """Draw what the row set holds now, the cursor on this row."""
        self._drawn.clear()
        self._measure()
        self.refresh()
        self.move_cursor(row)

    def move_cursor(self, row: int) -> None:
        """Put the cursor on a row, the nearest there is, and bring it into sight."""
        row = max(0, min(row, len(self.rows.shown) - 1))
        before, self.cursor_row = self.cursor_row, row
        for changed in {before, row}:
            self.refresh_line(changed + self._head)
        top, seen = self.scroll_offset.y, max(1, self.seen_rows)
        if row < top:
            self.scroll_to(y=row, animate=False, force=True)
        elif row >= top + seen:
            self.scroll_to(y=row - seen + 1, animate=False, force=True)
        self.post_message(self.Moved())

    def redraw(self, key: str | None = None) -> None:
        """Draw this row again, or all of them."""
        if key is None:
            self._drawn.clear()
            self.refresh()
        elif key in self._drawn:
            self._draw_changed([key], also_same=True)

    def tick(self) -> None:
        """Draw again what can be seen and looks different now."""
        top = self.scroll_offset.y
        self._draw_changed([key for key in self.rows.shown[top : top + self.seen_rows] if key in self._drawn])

    @property
    def seen_rows(self) -> int:
        """How many rows there is room for."""
        return max(0, self.scrollable_content_region.height - self._head)

    def shift(self, columns: int) -> None:
        """Move wide rows sideways."""
        self.scroll_to(x=self.scroll_offset.x + columns, animate=False)

    def render_line(self, y: int) -> Strip:
        """The titles, or one row."""
        width, base = self.scrollable_content_region.width, self.rich_style
        row = y - self._head + self.scroll_offset.y
        if y < self._head:
            titles = [Text(" "), *(Text(self._title(column)) for column in self.columns)]
            return self._cut(self._joined(titles), width, base + self._style("title"), None)
        if row >= len(self.rows.shown):
            return Strip.blank(width, base)
        key, widths = self.rows.shown[row], self._widths()
        cells = self._drawn[key] = self.get_row(key)
        if self._widths() != widths:
            self.call_later(self._widen)
        over = "cursor" if row == self.cursor_row else "hover" if row == self._hover else None
        return self._cut(self._joined(cells), width, base, self._style(over) if over else None)

    def on_resize(self) -> None:
        """Other columns for another width."""
        self._measure()
        self.move_cursor(self.cursor_row)

    def watch_show_titles(self) -> None:
        """One row more or less."""
        self._measure()
        self.refresh()

    def on_focus(self, _: Focus) -> None:
        """The cursor is brighter where keys go."""
        self.refresh()

    def on_blur(self, _: Blur) -> None:
        """See on_focus."""
        self.refresh()

    def on_mouse_move(self, event: MouseMove) -> None:
        """The row under the mouse is lighter."""
        self._hover_over(self._row_at(event.y))

    def on_leave(self, _: Leave) -> None:
        """No row is."""
        self._hover_over(None)

    def on_click(self, event: Click) -> None:
        """Choose, open or sort."""
        event.stop()
        row = self._row_at(event.y)
        if row is not None:
            self.move_cursor(row)
            if event.chain == 2:
                self.post_message(self.Opened())
        elif event.y < self._head:
            column = self._column_at(event.x + self.scroll_offset.x)
            if column is not None:
                self.post_message(self.TitleClicked(column))

    @property
    def _head(self) -> int:
        return 1 if self.show_titles else 0

    def _measure(self) -> None:
        wide = sum(self._widths()) + 2 * (len(self.columns) + 1)
        self.virtual_size = Size(wide, len(self.rows.shown) + self._head)

    def _widen(self) -> None:
        """A cell says more than when its row came: all rows make room for it."""
        self._measure()
        self.refresh()

    def _layout(self) -> list[tuple[Column[Any], int]]:
        """The columns with their widths, worked out again when something of it changes."""
        widths = tuple(
            max(width, len(self._title(column)) * self._head)
            for column, width in zip(self.rows.columns, self.rows.widths, strict=True)
        )
        room = self.scrollable_content_region.width - _MARK
        if self._laid[0] != (widths, room):
            self._laid = ((widths, room), laid_out(self.rows.columns, widths, room))
        return self._laid[1]

    def _widths(self) -> list[int]:
        return [1, *(width for _column, width in self._layout())]

    def _title(self, column: Column[Any]) -> str:
        if column is not self.rows.sorted_by:
            return column.title
        signs = ("v", "^") if self.plain else ("↓", "↑")
        return f"{column.title} {signs[0] if self.rows.reverse else signs[1]}".strip()

    def _mark(self, key: str) -> Text:
        return Text("+" if key in self.rows.marked else " ", style="bold")

    def _draw_changed(self, keys: list[str], *, also_same: bool = False) -> None:
        widths = self._widths()
        changed = {key for key in keys if also_same or self.get_row(key) != self._drawn[key]}
        if self._widths() != widths:
            self._widen()
            return
        top = self.scroll_offset.y
        for row, key in enumerate(self.rows.shown[top : top + self.seen_rows], top):
            if key in changed:
                self.refresh_line(row + self._head)

    def _joined(self, cells: list[Text]) -> Strip:
        console, segments = self.app.console, []
        for cell, width in zip(cells, self._widths(), strict=True):
            drawn = Strip(self._within(cell, width).render(console, end="")).adjust_cell_length(width)
            segments += [_PAD, *drawn, _PAD]
        return Strip(segments)

    def _within(self, cell: Text, width: int) -> Text:
        """The cell, with a sign at its end where it is too long for its column."""
        if cell.cell_len <= width or width < 2:
            return cell
        shorter = cell.copy()
        shorter.truncate(width - 1)
        return shorter.append("~" if self.plain else "…")

    def _cut(self, strip: Strip, width: int, base: Style, over: Style | None) -> Strip:
        """The part that can be seen; what goes on behind the edge ends with an ellipsis."""
        left = self.scroll_offset.x
        goes_on = len(strip.text.rstrip()) and strip.crop(left + width).text.strip()
        seen = strip.crop_extend(left, left + width, None)
        if goes_on and width > 1:
            seen = Strip([*seen.crop(0, width - 1), Segment("~" if self.plain else "…")])
        return Strip(Segment.apply_style(iter(seen), base, over), width)

    def _row_at(self, y: int) -> int | None:
        row = y - self._head + self.scroll_offset.y
        return row if y >= self._head and row < len(self.rows.shown) else None

    def _column_at(self, x: int) -> Column[Any] | None:
        left = _MARK
        for column, width in zip(self.columns, self._widths()[1:], strict=True):
            if left <= x < left + width + 2:
                return column
            left += width + 2
        return None

    def _hover_over(self, row: int | None) -> None:
        before, self._hover = self._hover, row
        for changed in {before, row} - {None} if before != row else ():
            self.refresh_line(changed + self._head)  # type: ignore[operator]

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"rows--{part}", partial=True)
