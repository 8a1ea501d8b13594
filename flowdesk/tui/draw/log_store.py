"""The lines of a log pane: the newest of them, which are shown, and where. Pure, so that its speed can be measured.

Lines have numbers that never change, whatever is dropped at one end or put before the other. A pattern is not searched
here: lines that still have to be looked through wait in `waiting` until `settle` is told where it was found.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

from flowdesk.tui.draw.log_rows import RowIndex
from flowdesk.tui.draw.logline import LEVELS, Layout, LogLine, Span, columns_of, height_of
from flowdesk.tui.draw.matching import Wanted, find

CAPACITY: Final = 100_000
_ALWAYS: Final = len(LEVELS)
_RANK: Final = {level: rank for rank, level in enumerate(LEVELS)}
_EVERYWHERE: Final = (0, 0)
Numbered = tuple[int, LogLine]


@dataclass(slots=True)
class LogView:
    """What a person sets in a log pane and finds again next time."""

    level: str = "info"
    wrap: bool = False
    times: bool = True
    context: bool = False
    """Whether the filter marks lines among all others instead of leaving the others out."""


class LogStore:
    """Up to `capacity` lines; `shown`, `numbers` and `found` go together, one entry a shown line."""

    def __init__(self, view: LogView, layout: Layout, capacity: int = CAPACITY) -> None:
        self.view = view
        self.layout = layout
        self.capacity = capacity
        self.wanted = Wanted()
        self.step: str | None = None
        self.lines: list[LogLine] = []
        self.shown: list[LogLine] = []
        self.numbers: list[int] = []
        self.found: list[Span | None] = []
        self.waiting: deque[Numbered] = deque()
        self.rows = RowIndex()
        self.width = 0
        self.dropped = 0
        self.epoch = 0
        """Grows with each rebuild: what was taken from `waiting` before is not to be settled after it."""
        self._first = 0

    def add(self, lines: Sequence[LogLine]) -> int:
        """Add newer lines; the oldest are dropped when there are too many. Returns how many shown rows were dropped."""
        over = len(lines) - self.capacity
        self.dropped += max(over, 0)
        fresh = [line.cleaned() for line in lines[max(over, 0) :]]
        number = self._first + len(self.lines)
        self.lines += fresh
        gone = self._drop(len(self.lines) - self.capacity)
        if self._see(fresh):
            self.relayout()
        self._take_in(zip(range(number, number + len(fresh)), fresh, strict=True))
        return gone

    def put_before(self, lines: Sequence[LogLine]) -> None:
        """Put older lines before the others, as far as there is room; everything is laid out again."""
        room = self.capacity - len(self.lines)
        older = [line.cleaned() for line in lines[-room:]] if room > 0 else []
        self._see(older)
        self.lines[:0] = older
        self._first -= len(older)
        self.rebuild()

    @property
    def last_number(self) -> int:
        """The number of the newest line, shown or not."""
        return self._first + len(self.lines) - 1

    @property
    def full(self) -> bool:
        """Whether there is no room for older lines."""
        return len(self.lines) >= self.capacity

    def clear(self) -> None:
        """Forget all lines; filter, level and step stay."""
        self._first += len(self.lines)
        self.lines.clear()
        self.dropped = 0
        self.rebuild()

    def rebuild(self) -> None:
        """Decide again which lines are shown."""
        self.shown, self.numbers, self.found = [], [], []
        self.epoch += 1
        self.waiting.clear()
        self.rows.clear()
        self.width = 0
        self._take_in(zip(range(self._first, self._first + len(self.lines)), self.lines, strict=True))

    def relayout(self) -> None:
        """Measure the shown lines again."""
        self.rows.clear()
        self.width = 0
        self._measure(self.shown)

    def take(self, count: int) -> list[Numbered]:
        """Some of the lines that wait to be looked through, oldest first."""
        return [self.waiting.popleft() for _ in range(min(count, len(self.waiting)))]

    def settle(self, looked: Sequence[Numbered], places: Sequence[Span | None]) -> None:
        """Show those of the taken lines that fit, now that it is known where the pattern was found in each."""
        self._show([(n, line, place) for (n, line), place in zip(looked, places, strict=True) if n >= self._first])

    def index_of(self, number: int) -> int:
        """The shown line of that number, else the next one after it, else the last."""
        return max(min(bisect_left(self.numbers, number), len(self.numbers) - 1), 0)

    def next_hit(self, index: int, way: int) -> int | None:
        """The next shown line, `way` 1 or -1, that the filter found, without a filter the next error."""
        index += way
        while 0 <= index < len(self.shown):
            if self.found[index] is not None if self.wanted else self.shown[index].level == "error":
                return index
            index += way
        return None

    def _see(self, lines: Iterable[LogLine]) -> bool:
        grew = False
        for step in {line.step: None for line in lines}:
            if step is not None and self.layout.see(step):
                grew = True
        return grew

    def _drop(self, count: int) -> int:
        if count <= 0:
            return 0
        del self.lines[:count]
        self._first += count
        self.dropped += count
        while self.waiting and self.waiting[0][0] < self._first:
            self.waiting.popleft()
        shown = bisect_left(self.numbers, self._first)
        del self.shown[:shown], self.numbers[:shown], self.found[:shown]
        return self.rows.drop(shown)

    def _take_in(self, numbered: Iterable[Numbered]) -> None:
        least, step = _RANK[self.view.level], self.step
        passed = [
            (number, line)
            for number, line in numbered
            if (rank := _RANK.get(line.level, _ALWAYS)) >= least
            and (step is None or line.step == step or rank == _ALWAYS)
        ]
        if not self.wanted:
            self._append([line for _, line in passed], [number for number, _ in passed], [None] * len(passed))
        elif self.wanted.pattern:
            self.waiting += passed
        else:
            wanted = self.wanted
            self._show([(number, line, find(wanted, line)) for number, line in passed])

    def _show(self, looked: Iterable[tuple[int, LogLine, Span | None]]) -> None:
        lines, numbers, found = [], [], []
        inverse, everything = self.wanted.inverse, self.view.context
        for number, line, place in looked:
            hit = (_EVERYWHERE if place is None else None) if inverse else place
            if line.rule:
                hit = None
            if hit is not None or everything or line.rule:
                lines.append(line)
                numbers.append(number)
                found.append(hit)
        self._append(lines, numbers, found)

    def _append(self, lines: list[LogLine], numbers: list[int], found: list[Span | None]) -> None:
        self.shown += lines
        self.numbers += numbers
        self.found += found
        self._measure(lines)

    def _measure(self, lines: list[LogLine]) -> None:
        layout = self.layout
        if layout.wrap:
            self.rows.extend([height_of(line, layout) for line in lines])
        else:
            self.rows.extend(repeat(1, len(lines)))
            self.width = max(self.width, max((columns_of(line, layout) for line in lines), default=0))
