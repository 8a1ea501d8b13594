"""Bars."""

from __future__ import annotations

from flowdesk.tui.draw.sparkline import progress, sparkline


def test_the_greatest_is_highest_and_little_is_more_than_nothing() -> None:
    assert sparkline([0, 1, 50, 100]) == "▁▂▅█"
    assert sparkline([0, 1, 50, 100], ascii_only=True) == "_.=#"
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"


def test_a_bar_is_full_only_when_all_is_done() -> None:
    assert progress(0, 4) == "░░░░░░"
    assert progress(99, 100) == "▓▓▓▓▓░"
    assert progress(4, 4, ascii_only=True) == "######"
    assert progress(0, 0) == "░░░░░░"
    assert progress(9, 4) == "▓▓▓▓▓▓"
