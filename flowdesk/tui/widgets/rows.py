"""The table of a list: a click chooses a row, a second one opens it."""

from __future__ import annotations

from rich.text import Text
from textual.events import Click
from textual.widgets import DataTable


class Rows(DataTable[Text]):
    """The table itself."""

    def on_click(self, event: Click) -> None:
        """A click puts the cursor on a row and only a double click opens it, as on the map of a workflow.

        The table's own way is to open at the first click on the very cell the cursor is on, and on no other cell.
        """
        row = event.style.meta.get("row", -1)
        if row < 0:
            return  # on the titles or below the last row
        event.prevent_default()
        event.stop()
        self.move_cursor(row=row)
        if event.chain == 2:
            self.action_select_cursor()
