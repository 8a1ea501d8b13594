"""The steps of a run: state, name, when each worked, how long and in how many attempts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Blur, Click, Focus
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from flowdesk.clean import clean
from flowdesk.show.text import duration
from flowdesk.tui import keys
from flowdesk.tui.draw.calls import share
from flowdesk.tui.draw.fit import fit, right
from flowdesk.tui.draw.spans import Axis, Span
from flowdesk.tui.draw.status import look, step_status

StepLike = Mapping[str, Any]
"""A step as a run's document has it; see flowdesk.replies.StepDoc."""
TICK_S: Final = 1.0
_TOOK_COLUMNS: Final = 10
_TRIES_COLUMNS: Final = 4
_LONGEST_NAME: Final = 28
_SHORTEST_NAME: Final = 10
_SHORTEST_BAR: Final = 8


class StepList(ScrollView, can_focus=True):
    """One line a step, changed in place; it ticks only while something runs. `cursor` is the step it stands on."""

    HELP = """\
## Steps

One line a step: its state, its name, a bar for when it worked within the run, how long it took, and the attempt
when it was not the first (`2` is the second attempt, `=` an output taken over from an earlier run). Of a step that
calls runs it shows how many of them have ended: `37/100`.

`j k` or the arrow keys move, `enter` or a double click opens the step, or the list of the runs it has called.
"""
    ALLOW_SELECT: ClassVar[bool] = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "steps--cursor",
        "steps--cursor-away",
        "steps--name",
        "steps--success",
        "steps--error",
        "steps--warning",
        "steps--accent",
        "steps--text-muted",
    }
    DEFAULT_CSS = """
    StepList {
        height: 1fr;
        overflow-x: hidden;
        & > .steps--cursor { color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold; }
        & > .steps--cursor-away { background: $block-cursor-blurred-background; }
        & > .steps--name { color: $foreground; }
        & > .steps--success { color: $success; }
        & > .steps--error { color: $error; }
        & > .steps--warning { color: $warning; }
        & > .steps--accent { color: $accent; }
        & > .steps--text-muted { color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("steps")]

    cursor: reactive[str | None] = reactive(None, init=False)
    plain: reactive[bool] = reactive(False, init=False)

    class Highlighted(Message):
        """The cursor came to a step."""

        def __init__(self, step_list: StepList, step_id: str) -> None:
            super().__init__()
            self.step_list = step_list
            self.step_id = step_id

        @property
        def control(self) -> StepList:
            """Who says it."""
            return self.step_list

    class Opened(Highlighted):
        """The person asks for what is in a step: enter, or a double click."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        plain: bool = False,
        id: str | None = None,  # noqa: A002 - as every widget has it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(StepList.plain, plain)
        self._clock = clock
        self._steps: dict[str, StepLike] = {}
        self._spans: dict[str, Span] = {}
        self._longest = 0
        self._tries_columns = _TRIES_COLUMNS
        self._ticking: Timer | None = None

    @property
    def ticks(self) -> bool:
        """Whether it draws again each second, because a step runs."""
        return self._ticking is not None

    def show(self, steps: Iterable[StepLike]) -> None:
        """Show these steps, in this order; the cursor stays on its step when that is still there."""
        self._steps = {step["id"]: step for step in steps}
        self.virtual_size = Size(0, len(self._steps))
        self._changed()
        if self.cursor not in self._steps:
            self.cursor = next(iter(self._steps), None)

    def update_step(self, step: StepLike) -> None:
        """Change one step where it stands; one that is new comes last."""
        self._steps[step["id"]] = step
        self.virtual_size = Size(0, len(self._steps))
        self._changed()

    def select(self, step_id: str) -> None:
        """Put the cursor on a step, when it is there."""
        if step_id in self._steps:
            self.cursor = step_id

    def watch_cursor(self, _: str | None, now: str | None) -> None:
        """Show the line of the cursor and say which step it is."""
        self.refresh()
        if now is not None:
            self.scroll_to_region(Region(0, list(self._steps).index(now), 1, 1), animate=False, force=True)
            self.post_message(self.Highlighted(self, now))

    def watch_plain(self) -> None:
        """Draw in the other characters."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One step as scrolled."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        listed = list(self._steps.values())
        segments = self._segments(listed[index], width) if index < len(listed) else []
        return Strip(segments).adjust_cell_length(width, self.rich_style).apply_style(self.rich_style)

    def on_focus(self, _: Focus) -> None:
        """The cursor is brighter where keys go."""
        self.refresh()

    def on_blur(self, _: Blur) -> None:
        """See on_focus."""
        self.refresh()

    def on_click(self, event: Click) -> None:
        """A click puts the cursor on a step, a second one opens it."""
        offset = event.get_content_offset(self)
        listed = list(self._steps)
        if offset is None or offset.y + self.scroll_offset.y >= len(listed):
            return
        self.cursor = listed[offset.y + self.scroll_offset.y]
        if event.chain == 2:
            self.action_steps_open()

    def action_steps_open(self) -> None:
        """Ask for what is in the step under the cursor."""
        if self.cursor is not None:
            self.post_message(self.Opened(self, self.cursor))

    def action_steps_down(self) -> None:
        """The next step."""
        self._move(1)

    def action_steps_up(self) -> None:
        """The step before."""
        self._move(-1)

    def action_steps_first(self) -> None:
        """The first step."""
        self._move(-len(self._steps))

    def action_steps_end(self) -> None:
        """The last step."""
        self._move(len(self._steps))

    def _move(self, by: int) -> None:
        listed = list(self._steps)
        if listed:
            here = listed.index(self.cursor) if self.cursor in self._steps else 0
            self.cursor = listed[max(0, min(len(listed) - 1, here + by))]

    def _changed(self) -> None:
        self._spans = {step_id: span for step_id, step in self._steps.items() if (span := Span.of(step))}
        self._longest = max((cell_len(_name(step)) for step in self._steps.values()), default=0)
        self._tries_columns = max(_TRIES_COLUMNS, *(len(_tries(step)) + 1 for step in self._steps.values()), 0)
        self.refresh()
        running = any(step["status"] == "RUNNING" for step in self._steps.values())
        if running and self._ticking is None:
            self._ticking = self.set_interval(TICK_S, self.refresh)
        elif not running and self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    def _segments(self, step: StepLike, width: int) -> list[Segment]:
        now = self._clock()
        state = look(step_status(step["status"], step.get("retryAt")))
        tone = self.get_component_rich_style(f"steps--{state.variable}")
        span = self._spans.get(step["id"])
        name_columns, bar_columns = self._columns(width)
        axis = Axis.over(self._spans.values(), now)
        bar = axis.bar(span, bar_columns, now, self.plain) if span else " " * bar_columns
        parts = [
            Segment(f" {state.plain if self.plain else state.glyph} ", tone),
            Segment(fit(_name(step), name_columns), self._name_style(state.variable)),
            Segment(f" {bar}" if bar_columns else "", tone),
            Segment(right(_took(step, span, now) or ("-" if self.plain else "–"), _TOOK_COLUMNS)),
            Segment(f"{right(_tries(step), self._tries_columns)} ", self.get_component_rich_style("steps--warning")),
        ]
        if step["id"] != self.cursor:
            return parts
        # Away from the keys the line keeps its colours.
        over = (
            self.get_component_rich_style("steps--cursor")
            if self.has_focus
            else self.get_component_rich_style("steps--cursor-away", partial=True)
        )
        return list(Segment.apply_style(parts, post_style=over))

    def _columns(self, width: int) -> tuple[int, int]:
        """How many cells names and bars have; narrow lists have no bars."""
        room = max(0, width - 4 - _TOOK_COLUMNS - self._tries_columns)
        names = min(self._longest, _LONGEST_NAME, room - _SHORTEST_BAR - 1)
        return (names, room - names - 1) if names >= min(self._longest, _SHORTEST_NAME) else (room, 0)

    def _name_style(self, tone: str) -> Style:
        return self.get_component_rich_style("steps--text-muted" if tone == "text-muted" else "steps--name")


def _name(step: StepLike) -> str:
    return clean(step.get("name") or step["id"])


def _took(step: StepLike, span: Span | None, now: datetime) -> str:
    if step["status"] == "RUNNING" and span is not None:
        return duration(span.length(now) / timedelta(seconds=1) // 1 * 1000)
    return duration(step.get("durationMs"))


def _tries(step: StepLike) -> str:
    if step.get("reused"):
        return "="
    calls = step.get("calls")
    if calls is not None:
        return share(calls)
    attempt = step.get("attempt") or 0
    return str(attempt) if attempt > 1 else ""
