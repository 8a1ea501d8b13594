"""The last day in figures and bars: how many runs there were in each hour, how they ended, how busy the server is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from rich.text import Text
from textual.widgets import Static

from flowdesk.show.text import duration
from flowdesk.tui.draw.chart import chart
from flowdesk.tui.draw.sparkline import sparkline
from flowdesk.tui.widgets import cells

if TYPE_CHECKING:
    from flowdesk.figure_replies import HourDoc, StatsDoc
    from flowdesk.tui.host import FlowApp

_AROUND: Final = 4
"""Rows of the pane besides its chart, and one to spare."""
_CHART: Final = 8


class LastDay(Static):
    """A chart where there is room for one, else one row of bars."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - named like textual's
        super().__init__(id=id, classes="pane", markup=False)
        self.border_title = Text("Last 24 h")
        self._shown: tuple[StatsDoc, int | None] | None = None

    def on_mount(self) -> None:
        """The bars have the theme's colours."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw())

    def on_resize(self) -> None:
        """The chart is as large as there is room."""
        self._draw()

    def show(self, stats: StatsDoc, workers: int | None) -> None:
        """Show these figures; `workers` is None for those who may not know."""
        self._shown = (stats, workers)
        self._draw()

    def _draw(self) -> None:
        if self._shown is not None:
            self.update(self._told(*self._shown))

    @property
    def _flow(self) -> FlowApp:
        return cast("FlowApp", self.app)

    def _told(self, stats: StatsDoc, workers: int | None) -> Text:
        counts = stats["counts"]
        text = Text(f"runs {sum(counts.values())}", no_wrap=True)
        for status in ("SUCCESS", "FAILED", "WAITING"):
            text.append("  ").append_text(cells.state(self._flow, status)).append(f" {counts.get(status, 0)}")
        text.append("\n").append_text(self._hours(stats["buckets"])).append("\n")
        p95 = stats["durationMs"]["p95"]
        text.append(f"p95 {duration(p95) or '–'}   queue {stats['open'].get('QUEUED', 0)}")
        if workers is not None:
            text.append(f"   workers {workers}")
        return text

    def _hours(self, buckets: list[HourDoc]) -> Text:
        plain, room = self._flow.ascii, self.content_size
        height = min(_CHART, room.height - _AROUND)
        if height < 2:
            bars = sparkline([hour["runs"] for hour in buckets], ascii_only=plain)
            return Text(f"{bars} per hour", no_wrap=True)
        text = Text(no_wrap=True)
        failed = self.app.theme_variables.get("error", "")
        hours = [(hour["runs"], hour["failed"]) for hour in buckets]
        for row in chart(hours, height, room.width, ascii_only=plain):
            for sign, bad in row:
                text.append(sign, failed if bad else "")
            text.append("\n")
        most = max((runs for runs, _failed in hours), default=0)
        return text.append(f"runs per hour, {'x' if plain else '▒'} failed, at most {most}", "dim")
