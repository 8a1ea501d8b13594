"""What the map and the rows of a workflow share: steps with states and problems, one of them under the cursor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final, Self

from rich.style import Style
from textual.binding import BindingType
from textual.events import Blur, Click, Focus
from textual.geometry import Region, Spacing
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView

from flowdesk.tui import keys
from flowdesk.tui.draw.status import PINNED, Look, look
from flowdesk.tui.draw.topology import Topology

PROBLEM: Final = "FAILED"
"""A step with problems in its definition looks like one that failed."""
_AROUND_CURSOR: Final = Spacing(1, 4, 1, 4)


class StepCanvas(ScrollView, can_focus=True):
    """Draws the steps of a topology line by line; `cursor` is the step it stands on."""

    ALLOW_SELECT: ClassVar[bool] = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "step--arrow",
        "step--failure",
        "step--label",
        "step--border",
        "step--name",
        "step--cursor",
        "step--cursor-away",
        "step--success",
        "step--error",
        "step--warning",
        "step--accent",
        "step--text-muted",
    }
    DEFAULT_CSS = """
    StepCanvas {
        height: 1fr;
        & > .step--arrow { color: $text-muted; }
        & > .step--failure { color: $error-darken-1; }
        & > .step--label { color: $text-accent; text-style: italic; }
        & > .step--border { color: $foreground-darken-2; }
        & > .step--name { color: $foreground; }
        & > .step--cursor { color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold; }
        & > .step--cursor-away { background: $block-cursor-blurred-background; text-style: bold; }
        & > .step--success { color: $success; }
        & > .step--error { color: $error; text-style: bold; }
        & > .step--warning { color: $warning; }
        & > .step--accent { color: $accent; text-style: bold; }
        & > .step--text-muted { color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [b for b in keys.bindings("map") if b.id not in ("map.flip", "map.rows")]

    cursor: reactive[str | None] = reactive(None, init=False)
    plain: reactive[bool] = reactive(False, init=False)

    class Highlighted(Message):
        """The cursor came to a step."""

        def __init__(self, canvas: StepCanvas, step_id: str) -> None:
            super().__init__()
            self.canvas = canvas
            self.step_id = step_id

        @property
        def control(self) -> StepCanvas:
            """Who says it."""
            return self.canvas

    class Opened(Highlighted):
        """The person asks for what is in a step: enter, or a double click."""

    def __init__(self, *, plain: bool = False, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.set_reactive(StepCanvas.plain, plain)
        self.topology = Topology(())
        self._statuses: dict[str, str] = {}
        self._problems: frozenset[str] = frozenset()
        self._pinned: frozenset[str] = frozenset()
        self._counts: dict[str, Sequence[str]] = {}

    @abstractmethod
    def show(self, topology: Topology) -> None:
        """Draw these steps instead; the cursor stays on its step when that is still there."""

    @abstractmethod
    def place(self, step_id: str) -> Region | None:
        """Where a step is drawn, in cells of the whole drawing."""

    @abstractmethod
    def step_at(self, x: int, y: int) -> str | None:
        """The step drawn at a cell of the whole drawing."""

    def set_status(self, step_id: str, status: str) -> None:
        """Change the state of one step; only its lines are drawn again."""
        if self._statuses.get(step_id) != status:
            self._statuses[step_id] = status
            self._redraw(step_id)

    def set_statuses(self, statuses: Mapping[str, str]) -> None:
        """Change the states of all steps; those not named have none."""
        changed = {step for step in statuses.keys() | self._statuses if statuses.get(step) != self._statuses.get(step)}
        self._statuses = dict(statuses)
        for step in changed:
            self._redraw(step)

    def set_problems(self, step_ids: Iterable[str]) -> None:
        """Mark the steps with problems, and no others."""
        before, self._problems = self._problems, frozenset(step_ids)
        for step in before ^ self._problems:
            self._redraw(step)

    def set_pinned(self, step_ids: Iterable[str]) -> None:
        """Mark the steps whose output is pinned, and no others."""
        before, self._pinned = self._pinned, frozenset(step_ids)
        for step in before ^ self._pinned:
            self._redraw(step)

    def set_counts(self, counts: Mapping[str, Sequence[str]]) -> None:
        """How far what these steps have called has come, each in words that become shorter."""
        changed = {step for step in counts.keys() | self._counts if counts.get(step) != self._counts.get(step)}
        self._counts = dict(counts)
        for step in changed:
            self._redraw(step)

    def select(self, step_id: str) -> Self:
        """Put the cursor on a step, when it is there."""
        if self.place(step_id) is not None:
            self.cursor = step_id
        return self

    def stand_on(self, step_id: str | None) -> None:
        """Take over the cursor of another drawing of the same steps, without a message."""
        self.set_reactive(StepCanvas.cursor, step_id)
        self.refresh()
        self.call_after_refresh(self.show_cursor)

    def status(self, step_id: str) -> Look | None:
        """How the state of a step looks; None when it has none."""
        if step_id in self._problems:
            return look(PROBLEM)
        known = self._statuses.get(step_id)
        if known is not None:
            return look(known)
        return PINNED if step_id in self._pinned else None

    def watch_cursor(self, before: str | None, now: str | None) -> None:
        """Show the step under the cursor and say which it is."""
        for step in (before, now):
            if step is not None:
                self._redraw(step)
        if now is not None:
            self.show_cursor()
            self.post_message(self.Highlighted(self, now))

    def show_cursor(self) -> None:
        """Scroll until the step under the cursor is seen."""
        place = self.place(self.cursor) if self.cursor is not None else None
        if place is not None:
            self.scroll_to_region(place, spacing=_AROUND_CURSOR, animate=False, force=True)

    def style_of(self, part: str) -> Style:
        """The style of a part."""
        return self.get_component_rich_style(f"step--{part}")

    def cursor_style(self) -> Style:
        """The style of the step under the cursor."""
        return self.style_of("cursor" if self.has_focus else "cursor-away")

    def on_focus(self, _: Focus) -> None:
        """The cursor is brighter where keys go."""
        self._redraw_cursor()

    def on_blur(self, _: Blur) -> None:
        """See on_focus."""
        self._redraw_cursor()

    def on_click(self, event: Click) -> None:
        """A click puts the cursor on a step, a second one opens it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        step = self.step_at(offset.x + self.scroll_offset.x, offset.y + self.scroll_offset.y)
        if step is None:
            return
        self.cursor = step
        if event.chain == 2:
            self.action_map_open()

    def action_map_open(self) -> None:
        """Ask for what is in the step under the cursor."""
        if self.cursor is not None:
            self.post_message(self.Opened(self, self.cursor))

    def keep_cursor(self, steps: list[str]) -> None:
        """After another drawing: stay where the cursor was, else stand on the first step."""
        if self.cursor not in steps:
            self.cursor = steps[0] if steps else None

    def _redraw_cursor(self) -> None:
        if self.cursor is not None:
            self._redraw(self.cursor)

    def _redraw(self, step_id: str) -> None:
        place = self.place(step_id)
        if place is not None:
            self.refresh_lines(place.y, place.height)
