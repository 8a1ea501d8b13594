"""The line of keys: each whole or not at all, in order, and a click finds the key that is drawn there."""

from __future__ import annotations

import pytest

from flowdesk.tui.draw.key_strip import Key, in_order, laid_out

KEYS = (
    Key("colon", ":", "Palette", "app_palette"),
    Key("question_mark", "?", "Help", "app_help"),
    Key("r", "r", "Run", "run"),
    Key("z", "z", "", "zoom"),
    Key("w", "w", "走る", "wide"),
)
WIDE = 9 + 1 + 6 + 1 + 5 + 1 + 1 + 1 + 6


@pytest.mark.parametrize(
    ("columns", "shown", "more"),
    [
        (0, "", True),
        (8, "", True),
        (10, "", True),  # the palette fits, but not what says that there is more
        (11, ":", True),
        (17, ":", True),
        (18, ":?", True),
        (24, ":?r", True),
        (26, ":?rz", True),
        (WIDE - 1, ":?rz", True),
        (WIDE, ":?rzw", False),
        (200, ":?rzw", False),
    ],
)
def test_what_does_not_fit_is_left_out_whole(columns: int, shown: str, more: bool) -> None:
    strip = laid_out(KEYS, columns)
    assert ("".join(key.shown for _, key in strip.placed), strip.more) == (shown, more)
    for left, key in strip.placed:
        assert left + key.cells + (2 if more else 0) <= columns


def test_a_wider_sign_needs_more_room() -> None:
    assert len(laid_out(KEYS, 18, sign=1).placed) == 2
    assert len(laid_out(KEYS, 18, sign=3).placed) == 1


def test_a_column_belongs_to_the_key_drawn_there_and_a_gap_to_none() -> None:
    strip = laid_out(KEYS, WIDE)
    found = [strip.at(column) for column in range(WIDE + 1)]
    assert [key.shown if key else " " for key in found] == list("::::::::: ?????? rrrrr z wwwwww ")


def test_what_leads_everywhere_comes_first_and_an_action_once() -> None:
    again = Key("ctrl+p", "^p", "Palette", "app_palette")
    ordered = in_order([KEYS[2], KEYS[1], KEYS[0], again, KEYS[3]], ("app_palette", "app_help"))
    assert [key.key for key in ordered] == ["colon", "question_mark", "r", "z"]


def test_no_keys_are_an_empty_line() -> None:
    assert laid_out((), 80).placed == ()
    assert not laid_out((), 80).more
