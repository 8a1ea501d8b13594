"""How lines of a log are drawn, kept and searched."""

from __future__ import annotations

import time

import pytest
from rich.cells import cell_len

from flowdesk.tui.draw.log_rows import RowIndex
from flowdesk.tui.draw.log_store import LogStore, LogView
from flowdesk.tui.draw.logline import LONGEST, Layout, LogLine, columns_of, height_of, rows_of
from flowdesk.tui.draw.matching import Wanted, find, hits, parse
from tests.tui.world import HOSTILE

AT = "2026-11-23T12:04:01.123+00:00"


def line(text: str = "text", level: str = "info", step: str | None = "send", number: int = 1) -> LogLine:
    return LogLine(number, AT, step, level, text)


def layout(**options: object) -> Layout:
    made = Layout(**options)  # type: ignore[arg-type]  # a shorthand of the tests
    made.see("send")
    return made


def drawn(one: LogLine, how: Layout) -> list[str]:
    return ["".join(text for text, _ in row) for row in rows_of(one, how)]


def test_a_line_has_time_step_level_and_text_with_the_parts_they_are() -> None:
    row = rows_of(line("535 bad", "error"), layout())[0]
    assert [part for _, part in row] == ["time", "step-0", "error", "error"]
    assert [text for text, _ in row[1:]] == ["send ", "ERROR ", "535 bad"]
    assert [part for _, part in rows_of(line(), layout(times=False))[0]] == ["step-0", "info", "text"]


@pytest.mark.parametrize("text", ["", "short", "x" * 500, "日本" * 90, "e\u0301" * 200, "x" * (LONGEST + 9)])
@pytest.mark.parametrize("width", [1, 9, 25, 40, 120])
@pytest.mark.parametrize("level", ["info", "gap"])
def test_height_and_width_are_those_that_are_drawn(text: str, width: int, level: str) -> None:
    wrapped, cut = layout(width=width, wrap=True), layout(width=width)
    rows = drawn(line(text, level), wrapped)
    assert height_of(line(text, level), wrapped) == len(rows)
    assert len(drawn(line(text, level), cut)) == 1
    if level == "info":
        if width >= 25:
            assert max(cell_len(row) for row in rows) <= max(width, wrapped.lead + 2)
        assert columns_of(line(text), cut) == cell_len(drawn(line(text), cut)[0].rstrip("…"))


def test_steps_have_colours_and_one_column() -> None:
    made = Layout()
    assert made.see("a")
    assert made.see("longer")
    assert not made.see("b")
    assert made.steps == {"a": 0, "longer": 1, "b": 2}
    assert drawn(line(step="a"), made)[0].endswith("a      INFO  text")


def test_a_narrow_pane_leaves_room_for_the_text() -> None:
    wide, narrow = Layout(width=120), Layout(width=50)
    for made in (wide, narrow):
        made.see("a-step-with-a-long-name")
    assert drawn(line(step="a-step-with-a-long-name"), wide)[0].split()[1] == "a-step-with-a-long-name"
    (row,) = drawn(line(step="a-step-with-a-long-name"), narrow)
    assert row[8:].startswith(" a-step-w… INFO  text")
    narrow.ascii = True
    assert drawn(line(step="a-step-with-a-long-name"), narrow)[0].isascii()


def test_what_was_looked_for_is_marked_also_across_rows() -> None:
    made = layout(width=24, wrap=True, times=False)
    rows = rows_of(line("0123456789abcdef"), made, [(11, 14)])
    marked = [[text for text, part in row if part == "hit"] for row in rows]
    assert "".join(text for row in marked for text in row) == "bcd"


def test_only_text_that_is_safe_is_kept() -> None:
    store = LogStore(LogView(), Layout())
    store.add([line(HOSTILE, step=HOSTILE)])
    assert store.shown[0].text.isprintable()
    assert store.shown[0].plain().isprintable()


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("", Wanted()),
        ("Time", Wanted("time")),
        ("!time", Wanted("time", inverse=True)),
        ("re:a.c", Wanted("a.c", pattern=True)),
        ("!/a.c/", Wanted("a.c", pattern=True, inverse=True)),
        ("a[0", Wanted("a[0")),
        ("//", Wanted("//")),
    ],
)
def test_reading_a_filter(typed: str, wanted: Wanted) -> None:
    assert parse(typed) == wanted


@pytest.mark.parametrize(
    "typed", ["re:(", "re:[", "re:" + "a" * 501, "re:x{99999999999}", "re:" + "(" * 400 + ")" * 400]
)
def test_a_pattern_that_cannot_be_used_says_why(typed: str) -> None:
    found = parse(typed)
    assert found.problem
    assert not found


def test_plain_text_is_found_in_step_and_text_whatever_its_case() -> None:
    assert find(parse("SEND"), line()) == (0, 4)
    assert find(parse("tex"), line()) == (5, 8)
    assert find(parse("a.c"), line("abc")) is None
    assert hits(parse("x"), line("xAXx"), (0, 1)) == [(0, 1), (2, 3), (3, 4)]


def test_rows_know_their_lines_when_some_are_dropped() -> None:
    index = RowIndex()
    index.extend([1, 3, 2])
    assert [index.at(row) for row in range(-1, 7)] == [None, (0, 0), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), None]
    assert index.drop(2) == 4
    assert [index.at(row) for row in range(3)] == [(0, 0), (0, 1), None]
    index.extend([1])
    assert (len(index), index.first(1)) == (3, 2)
    assert index.drop(2) == 3
    assert index.at(0) is None


def test_the_oldest_lines_are_dropped_and_numbers_stay() -> None:
    store = LogStore(LogView(level="error"), Layout(), capacity=10)
    store.add([line(level="error" if n % 2 else "info", number=n) for n in range(8)])
    assert store.numbers == [1, 3, 5, 7]
    assert store.add([line(level="error", number=n) for n in range(8, 13)]) == 1
    assert store.numbers == [3, 5, 7, 8, 9, 10, 11, 12]
    assert store.dropped == 3
    store.add([line(number=n) for n in range(100)])
    assert (len(store.lines), store.dropped) == (10, 103)
    assert store.lines[-1].seq == 99


def test_older_lines_come_first_as_far_as_there_is_room() -> None:
    store = LogStore(LogView(), Layout(), capacity=5)
    store.add([line(number=n) for n in range(10, 13)])
    store.put_before([line(number=n) for n in range(5, 10)])
    assert [one.seq for one in store.shown] == [8, 9, 10, 11, 12]
    assert store.numbers == [-2, -1, 0, 1, 2]
    assert store.full


@pytest.mark.parametrize("wrap", [False, True])
def test_a_hundred_thousand_lines_cost_little(wrap: bool) -> None:
    given = [line("x" * 130, step=f"step-{n % 7}", number=n) for n in range(100_000)]
    store = LogStore(LogView(wrap=wrap), Layout(width=120, wrap=wrap))
    began = time.process_time()
    for at in range(0, len(given), 500):
        store.add(given[at : at + 500])
    assert time.process_time() - began < 1.5
    assert len(store.shown) == 100_000
    began = time.process_time()
    store.wanted = parse("step-3")
    store.rebuild()
    assert time.process_time() - began < 1.0
    assert len(store.shown) == 14_286
