"""The runs that one step of a run has called, with how far they have come."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from flowdesk.replies import CallCounts, EventDoc, Page, RunSummary
from flowdesk.tui.draw.calls import counts as told
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.screens.runs import RunsScreen
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.listing import PAGE, Listing


class CalledScreen(RunsScreen):
    """Opened from a run view, and left by `esc`. `counts` is asked whenever the list was read or its cursor moved."""

    HELP = """\
The runs one step has called, newest first: `37/100` in the first line says how many of them have ended. Enter opens
one, `esc` goes back to the run that called them, `v` shows only one status.
"""

    def __init__(self, run_id: str, step_id: str, named: str, counts: Callable[[], CallCounts | None]) -> None:
        super().__init__()
        self.run_id = run_id
        self.step_id = step_id
        self._named = named
        self._counts = counts

    def columns(self) -> list[Column[RunSummary]]:
        """Which item each run is for instead of what has started it."""
        item = Column[RunSummary]("item", "Item", self._item, order=lambda run: run["call"] and run["call"]["item"])
        shared = {column.key: column for column in super().columns()}
        return [shared["status"], item, *(shared[key] for key in ("workflow", "id", "started", "took", "error"))]

    def nothing(self) -> str:
        """What is told of an empty list."""
        return "This step has called no run that is in this list; v shows those of every status."

    def crumbs(self) -> list[str]:
        """The run that called them, and the step."""
        run_id = [] if self.has_class("-narrow") else [self.run_id]
        return [self._named, *run_id, self.step_id, *super().crumbs()[1:]]

    def note(self, listing: Listing[RunSummary]) -> str:
        """How far they have come, before how many are shown."""
        calls = self._counts()
        shown = super().note(listing)
        return f"{told(calls, plain=self.flow.ascii)}  ·  {shown} shown" if calls is not None else shown

    def happened(self, events: list[EventDoc]) -> None:
        """Only what happens in these runs or in the one that called them matters here."""
        known = self.listing.rows.items.keys() | {self.run_id}
        super().happened([event for event in events if event["runId"] in known])

    async def page(self, status: tuple[str, ...], cursor: str | None) -> Page[RunSummary]:
        """Of this step only."""
        return await self.live.client.runs.list(
            caller=self.run_id, caller_step=self.step_id, status=status or None, limit=PAGE, cursor=cursor
        )

    def _item(self, run: RunSummary) -> Text:
        return cells.plain(str(run["call"]["item"] + 1) if run["call"] is not None else "")
