"""How far called runs are told to have come."""

from __future__ import annotations

import pytest

from flowdesk.replies import CallCounts
from flowdesk.tui.draw.calls import counts, share, shares
from flowdesk.tui.draw.drawing import COUNT_COLUMNS, on_border
from flowdesk.tui.draw.graph import layout
from flowdesk.tui.draw.topology import Topology


def _calls(total: int, succeeded: int = 0, failed: int = 0, under_way: int = 0) -> CallCounts:
    return {"total": total, "open": under_way, "succeeded": succeeded, "failed": failed}


@pytest.mark.parametrize(
    ("calls", "short", "long", "plain"),
    [
        (_calls(100, 33, 4, 3), ("37/100", "37%"), "37/100  ✔ 33  ✖ 4  ● 3", "37/100  + 33  x 4  * 3"),
        (_calls(3), ("0/3", "0%"), "0/3", "0/3"),
        (_calls(0), ("0/0",), "0/0", "0/0"),
        (_calls(12_000, 12_000), ("12000/12000", "100%"), "12000/12000  ✔ 12,000", "12000/12000  + 12,000"),
    ],
)
def test_counts_by_status(calls: CallCounts, short: tuple[str, ...], long: str, plain: str) -> None:
    assert shares(calls) == short
    assert counts(calls) == long
    assert counts(calls, plain=True) == plain


def test_a_step_that_called_nothing_tells_nothing() -> None:
    assert share(None) == ""


@pytest.mark.parametrize(
    ("line", "texts", "drawn"),
    [
        ("╰─────────╯", ("37/100", "37%"), "╰37/100───╯"),
        ("╰─┬───────╯", ("37/100", "37%"), "╰─┬37/100─╯"),
        ("╰────┬────╯", ("37/100", "37%"), "╰───37/100╯"),
        ("╰────╯", ("37/100", "37%"), "╰37%─╯"),
        ("╰─╯", ("37/100", "37%"), "╰─╯"),
        ("╰─╯", (), "╰─╯"),
        ("+---------+", ("37/100", "37%"), "+37/100---+"),
    ],
)
def test_a_count_is_written_on_a_border(line: str, texts: tuple[str, ...], drawn: str) -> None:
    assert on_border(line, texts) == drawn
    assert len(drawn) == len(line)


def test_a_box_has_room_for_the_count_before_there_is_one() -> None:
    steps = [{"id": "a", "ref": "core.log", "next": "e"}, {"id": "e", "ref": "flow.foreach"}]
    boxes = layout(Topology.of(steps)).boxes
    assert boxes["e"].width == COUNT_COLUMNS + 2
    assert boxes["a"].width < boxes["e"].width
