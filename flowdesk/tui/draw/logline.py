"""A line of a log, and how it is drawn: `12:04:01.123 send_email ERROR 535 bad credentials`, cut or wrapped.

Drawn means rows of pieces: a text and the name of its part (`time`, `step-3`, `error` ...), which a widget turns into a
style. Lines hold clean text, see `LogLine.cleaned`; ASCII, which nearly all of it is, never asks for cell widths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rich.cells import cell_len, get_character_cell_size, set_cell_size

from flowdesk.clean import clean
from flowdesk.show.text import clock_time
from flowdesk.tui.draw.fit import fit

LEVELS: Final = ("debug", "info", "warning", "error")
HUES: Final = 8
"""How many colours steps have before they repeat."""
LONGEST: Final = 4_000
"""Characters of a line that are drawn; all of it can be copied and inspected."""
_WORDS: Final = {"debug": "DEBUG", "info": "INFO ", "warning": "WARN ", "error": "ERROR"}
_WIDE: Final = 72
_LEVEL_COLUMNS: Final = 6
_LONGEST_STEP: Final = 24
_LEAST_TEXT: Final = 20

Piece = tuple[str, str]
Row = list[Piece]
Span = tuple[int, int]


@dataclass(slots=True, frozen=True)
class LogLine:
    """One line. `at` is an ISO time, `step` None for what concerns the run; `detail` what enter shows.

    A `level` of "gap" or "mark" makes it a rule across the pane that no filter hides.
    """

    seq: int
    at: str
    step: str | None
    level: str
    text: str
    attempt: int | None = None
    detail: Any = field(default=None, compare=False)

    @property
    def rule(self) -> bool:
        """Whether it is a marker of the pane, not a line of the log."""
        return self.level not in _WORDS

    def cleaned(self) -> LogLine:
        """The same line with text that is safe to draw."""
        if self.text.isprintable() and (self.step is None or self.step.isprintable()):
            return self
        return replace(self, text=clean(self.text), step=None if self.step is None else clean(self.step))

    def plain(self) -> str:
        """The line as it is copied."""
        if self.rule:
            return f"-- {self.text} --"
        return f"{self.at} {self.step or '-'} {_WORDS[self.level]} {self.text}"


@dataclass(slots=True)
class Layout:
    """How lines are drawn at present; changed through `see` and by its owner, who then draws again."""

    width: int = 80
    wrap: bool = False
    times: bool = True
    ascii: bool = False
    steps: dict[str, int] = field(default_factory=dict)
    step_columns: int = 0

    def see(self, step: str) -> bool:
        """Give a step its colour; True when the column of steps grew by it."""
        if step in self.steps:
            return False
        self.steps[step] = len(self.steps) % HUES
        columns = min(cell_len(step), _LONGEST_STEP) + 1
        grew = columns > self.step_columns
        self.step_columns = max(columns, self.step_columns)
        return grew

    @property
    def lead(self) -> int:
        """Columns before the text."""
        return self.time_columns + self.step_width + _LEVEL_COLUMNS

    @property
    def time_columns(self) -> int:
        """Columns of the time and a blank; without its fraction when the pane is narrow."""
        return (13 if self.width >= _WIDE else 9) if self.times else 0

    @property
    def step_width(self) -> int:
        """Columns of the step and a blank, at most a fifth of a pane that is narrow."""
        return min(self.step_columns, max(self.width // 5, 6))

    @property
    def indent(self) -> int:
        """Columns before the text of a wrapped line's further rows; few when the pane is narrow."""
        return self.lead if self.width - self.lead >= _LEAST_TEXT else 2


def columns_of(line: LogLine, layout: Layout) -> int:
    """How wide the line is, drawn in one row."""
    return layout.lead + _cells(line.text[:LONGEST])


def height_of(line: LogLine, layout: Layout) -> int:
    """How many rows the line takes."""
    if not layout.wrap or line.rule:
        return 1
    text, first = line.text[:LONGEST], max(layout.width - layout.lead, 1)
    if not text.isascii():
        return len(_broken(text, first, max(layout.width - layout.indent, 1)))
    over = len(text) - first
    return 1 if over <= 0 else 1 - over // -max(layout.width - layout.indent, 1)


def rows_of(line: LogLine, layout: Layout, hits: Sequence[Span] = ()) -> list[Row]:
    """The line, drawn; `hits` are places of its text that were looked for."""
    if line.rule:
        return [[(_rule(line, layout), "rule")]]
    lead = list(_lead(line, layout))
    part = line.level if line.level != "info" else "text"
    text = line.text[:LONGEST]
    if not layout.wrap:
        cut = len(line.text) > LONGEST
        more = [("..." if layout.ascii else "…", "time")] if cut else []
        return [lead + _marked(text, 0, part, hits) + more]
    first, further = max(layout.width - layout.lead, 1), max(layout.width - layout.indent, 1)
    rows: list[Row] = []
    at = 0
    for chunk in _broken(text, first, further):
        begin = lead if not rows else [(" " * layout.indent, "time")]
        rows.append(begin + _marked(chunk, at, part, hits))
        at += len(chunk)
    return rows


def _lead(line: LogLine, layout: Layout) -> Iterator[Piece]:
    if layout.times:
        yield clock_time(line.at)[: layout.time_columns - 1] + " ", "time"
    if layout.step_columns:
        step = line.step or ""
        shown = _step(step, layout) + " "
        yield shown, f"step-{layout.steps.get(step, 0)}"
    yield _WORDS[line.level] + " ", line.level


def _step(step: str, layout: Layout) -> str:
    columns = layout.step_width - 1
    if layout.ascii and _cells(step) > columns:
        return set_cell_size(step, columns - 1) + "~"
    return fit(step, columns)


def _rule(line: LogLine, layout: Layout) -> str:
    dash = "-" if layout.ascii else "─"
    return fit(f"{dash * 2} {line.text} {dash * 2}", layout.width).rstrip()


def _marked(text: str, offset: int, part: str, hits: Sequence[Span]) -> Row:
    row: Row = []
    at = 0
    for start, end in hits:
        first, last = max(start - offset, at), min(end - offset, len(text))
        if first < last:
            row += [(text[at:first], part), (text[first:last], "hit")]
            at = last
    return [piece for piece in [*row, (text[at:], part)] if piece[0]]


def _broken(text: str, first: int, further: int) -> list[str]:
    if text.isascii():
        return [text[:first], *(text[at : at + further] for at in range(first, len(text), further))]
    chunks, start, used, room = [], 0, 0, first
    for at, char in enumerate(text):
        size = get_character_cell_size(char)
        if used + size > room and at > start:
            chunks.append(text[start:at])
            start, used, room = at, 0, further
        used += size
    return [*chunks, text[start:]]


def _cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)
