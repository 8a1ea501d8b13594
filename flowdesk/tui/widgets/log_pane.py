"""The log pane: lines of a run as they come, with a filter, levels, and the keys to read and copy them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final

from textual.actions import SkipAction
from textual.binding import BindingType
from textual.message import Message
from textual.worker import Worker

from flowdesk.clean import clean
from flowdesk.tui import keys
from flowdesk.tui.draw.log_store import CAPACITY, LogView
from flowdesk.tui.draw.logline import LEVELS, LONGEST, LogLine
from flowdesk.tui.draw.matching import Wanted, parse
from flowdesk.tui.patterns import PatternSearch, TooSlowError
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.log_canvas import LogCanvas

BATCH: Final = 2_000
"""Lines looked through for a pattern at once."""
_SIDEWAYS: Final = 8


def _now() -> datetime:
    return datetime.now().astimezone()


class LogPane(LogCanvas, inherit_bindings=False):
    """The lines and what can be done with them. `typed` is the filter as typed, see `flowdesk.tui.draw.matching`."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("log")]
    HELP = """\
The newest lines come in at the end. Going up stops **following**; `G` or `f` goes on.

`/` shows only lines with some text, or, with `!` in front, only those without it; `re:` or `/.../` looks for a pattern.
`&` marks what fits among all the other lines, and `n` and `N` go from one to the next, without a filter from error to
error. `v` changes the least level that is shown, `s` leaves only the step of this line. The mouse selects text.
"""

    class Asked(Message):
        """Something to be done with some text, outside of the pane."""

        def __init__(self, pane: LogPane, text: str, what: str) -> None:
            super().__init__()
            self.pane, self.text, self.what = pane, text, what

        @property
        def control(self) -> LogPane:
            """Who says it."""
            return self.pane

    class Copy(Asked):
        """Put `text` on the clipboard; `what` names it: "the line"."""

    class PagerWanted(Asked):
        """Show `text` in the person's pager."""

    class Inspect(Message):
        """The person wants to see all there is about a line."""

        def __init__(self, pane: LogPane, line: LogLine) -> None:
            super().__init__()
            self.pane, self.line = pane, line

        @property
        def control(self) -> LogPane:
            """Who says it."""
            return self.pane

    class FilterWanted(LogCanvas.Said):
        """The person wants to type a filter."""

    class ViewChanged(Message):
        """A setting was changed that is to be kept."""

        def __init__(self, pane: LogPane, view: LogView) -> None:
            super().__init__()
            self.pane, self.view = pane, view

        @property
        def control(self) -> LogPane:
            """Who says it."""
            return self.pane

    def __init__(
        self,
        *,
        view: LogView | None = None,
        ascii: bool = False,  # noqa: A002 - named like the setting
        clock: Callable[[], datetime] | None = None,
        capacity: int = CAPACITY,
        id: str | None = None,  # noqa: A002 - named like textual's
    ) -> None:
        super().__init__(view=view, ascii=ascii, capacity=capacity, id=id)
        self.typed = ""
        self._clock = clock or _now
        self._patterns = PatternSearch()
        self._looking: Worker[None] | None = None

    @property
    def view(self) -> LogView:
        """The settings, as they are now."""
        return replace(self.store.view)

    def set_filter(self, typed: str) -> None:
        """Filter by what was typed; empty shows everything. A pattern that cannot be used is only said."""
        if typed == self.typed:
            return
        self.typed = typed
        self.store.wanted = parse(typed)
        self._refilter()

    def set_step(self, step: str | None) -> None:
        """Show only the lines of this step; None shows those of all."""
        self.store.step = clean(step) if step is not None else None
        self._refilter()

    def mark_gap(self, text: str) -> None:
        """A rule across the pane that no filter hides: "312 lines while away"."""
        self._rule("gap", text)

    def lines_came(self) -> None:
        """Look through them when there is a pattern."""
        self._look()

    async def on_unmount(self) -> None:
        """End the search for a pattern."""
        await self._patterns.close()

    def action_log_follow(self) -> None:
        """Follow, or stop it."""
        if self.following:
            self.pause()
        else:
            self.following = True

    def action_log_filter(self) -> None:
        """Ask for the line to type a filter in."""
        self.post_message(self.FilterWanted(self))

    def action_log_context(self) -> None:
        """Filter lines, or mark them among the others."""
        self._set(context=not self.store.view.context)
        self._refilter()

    def action_log_next(self) -> None:
        """To the next line that was looked for, or the next error."""
        self._to_hit(1)

    def action_log_previous(self) -> None:
        """See action_log_next."""
        self._to_hit(-1)

    def action_log_level(self) -> None:
        """Show from the next level on; after errors, everything again."""
        self._set(level=LEVELS[(LEVELS.index(self.store.view.level) + 1) % len(LEVELS)])
        self._refilter()

    def action_log_step(self) -> None:
        """Only the step of the line under the cursor, or all again."""
        line = self.line
        if self.store.step is not None:
            self.set_step(None)
        elif line is not None and line.step is not None:
            self.set_step(line.step)

    def action_log_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.store.layout.wrap = not self.store.layout.wrap
        self._set(wrap=self.store.layout.wrap)
        self.keep_place(self.store.relayout)
        self.scroll_to(x=0, animate=False)

    def action_log_times(self) -> None:
        """Show when each line was written, or not."""
        self.store.layout.times = not self.store.layout.times
        self._set(times=self.store.layout.times)
        self.keep_place(self.store.relayout)

    def action_log_mark(self) -> None:
        """A rule with the time, to find this moment again."""
        self._rule("mark", f"{self._clock():%H:%M:%S}")

    def action_log_copy(self) -> None:
        """Copy the line under the cursor."""
        if self.line is not None:
            self.post_message(self.Copy(self, self.line.plain(), "the line"))

    def action_log_copy_all(self) -> None:
        """Copy every shown line."""
        if self.store.shown:
            self.post_message(self.Copy(self, self._text(), f"{len(self.store.shown):,} lines"))

    def action_log_pager(self) -> None:
        """Read the shown lines in the pager."""
        self.post_message(self.PagerWanted(self, self._text(), f"{len(self.store.shown):,} lines"))

    def action_log_inspect(self) -> None:
        """See all there is about the line under the cursor."""
        if self.line is not None and not self.line.rule:
            self.post_message(self.Inspect(self, self.line))

    def action_log_down(self) -> None:
        """One line down."""
        self._go_by(1)

    def action_log_up(self) -> None:
        """One line up."""
        self._go_by(-1)

    def action_log_page_down(self) -> None:
        """A page of lines down."""
        self._go_by(max(self.size.height - 1, 1))

    def action_log_page_up(self) -> None:
        """A page of lines up."""
        self._go_by(-max(self.size.height - 1, 1))

    def action_log_first(self) -> None:
        """To the first line."""
        self.go_to(0)

    def action_log_end(self) -> None:
        """To the end, and follow."""
        self.following = True

    def action_log_left(self) -> None:
        """Towards the beginning of long lines."""
        self.scroll_to(x=self.scroll_x - _SIDEWAYS, animate=False)

    def action_log_right(self) -> None:
        """Towards the end of long lines."""
        self.scroll_to(x=self.scroll_x + _SIDEWAYS, animate=False)

    def action_log_leave(self) -> None:
        """Drop the filter, then the step; with neither, escape means something else."""
        if self.typed:
            self.set_filter("")
        elif self.store.step is not None:
            self.set_step(None)
        else:
            raise SkipAction

    def _go_by(self, lines: int) -> None:
        at = self.cursor
        if at is not None and (lines < 0 or not self.following):
            self.go_to(at + lines)

    def _to_hit(self, way: int) -> None:
        at = self.cursor
        found = self.store.next_hit(at, way) if at is not None else None
        if found is not None:
            self.go_to(found)
        else:
            self.app.bell()

    def _rule(self, level: str, text: str) -> None:
        self.extend([LogLine(0, self._clock().isoformat(), None, level, clean(text))])
        self.flush()

    def _text(self) -> str:
        return "\n".join([line.plain() for line in self.store.shown])

    def _set(self, **changed: object) -> None:
        for name, value in changed.items():
            setattr(self.store.view, name, value)
        self.post_message(self.ViewChanged(self, self.view))

    def _refilter(self) -> None:
        if self._looking is not None and self._looking.is_running:
            self._looking.cancel()  # one that has not begun yet will look for what is wanted now
            self._looking = None
        self.keep_place(self.store.rebuild)
        self._look()

    def _look(self) -> None:
        if self.store.waiting and self._looking is None and self.is_mounted:
            self._looking = task(self, self._look_through(), what="Filtering the log", group="log-filter")

    async def _look_through(self) -> None:
        wanted = self.store.wanted
        try:
            while wanted is self.store.wanted and (batch := self.store.take(BATCH)):
                epoch = self.store.epoch
                places = await self._patterns.find(wanted.text, [line.text[:LONGEST] for _, line in batch])
                if epoch == self.store.epoch:  # otherwise the batch waits again
                    self.store.settle(batch, places)
                    self.after_settled()
        except TooSlowError:
            self._give_up(wanted, "takes too long; try plain text")
        except OSError as error:
            self._give_up(wanted, f"patterns cannot be searched here: {error.strerror}")
        if wanted is self.store.wanted:
            self._looking = None

    def _give_up(self, wanted: Wanted, problem: str) -> None:
        if wanted is self.store.wanted:
            self._looking = None
            self.store.wanted = replace(wanted, problem=problem)
            self.keep_place(self.store.rebuild)
