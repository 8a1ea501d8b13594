"""The two ends of a lane are joined, or it is said that they do not fit."""

from __future__ import annotations

import pytest

from flowdesk.tui.draw.lanes import Grid, LanesBroken, mend


def grid(*rows: str, loose: str = "┤├┴┬") -> Grid:
    return [[(char, "default" if char in loose or char == " " else "edge") for char in row] for row in rows]


def text(drawn: Grid) -> list[str]:
    return ["".join(char for char, _ in row) for row in drawn]


def test_across_and_down() -> None:
    drawn = grid("─┤  ├─  ", "    │   ", "    ┴   ", "        ", "    ┬   ")
    mend(drawn)
    assert text(drawn) == ["──────  ", "    │   ", "    │   ", "    │   ", "    │   "]
    assert {style for char, style in drawn[0] if char == "─"} == {"edge"}


def test_a_dotted_way_stays_dotted() -> None:
    drawn = grid("┄┤  ├┄")
    mend(drawn)
    assert text(drawn) == ["┄┄┄┄┄┄"]


def test_junctions_of_boxes_are_left_alone() -> None:
    drawn = grid("─┤  ├─", loose="")
    mend(drawn)
    assert text(drawn) == ["─┤  ├─"]


@pytest.mark.parametrize("rows", [["─┤   "], ["  ├─"], ["─┤ ┬ "], ["─┤x ├─"], ["─┤ ┤ ├─"]])
def test_what_does_not_fit_is_told(rows: list[str]) -> None:
    with pytest.raises(LanesBroken):
        mend(grid(*rows))
