"""Rows 52 and 53: nothing from outside reaches a terminal or a log line unseen."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdesk.clean import clean, clean_lines, escape_json

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain ünïcode 日本 😀", "plain ünïcode 日本 😀"),
        ("\x1b[2J\x1b]0;title\x07", "␛[2J␛]0;title␇"),
        ("one\ntwo\r\n", "one⏎two␍⏎"),
        ("tab\tstop", "tab⇥stop"),
        ("\x7f\x9b", "␡⟨U+009B⟩"),
        ("safe\u202eexe.txt", "safe⟨U+202E⟩exe.txt"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("\ud800", "⟨U+D800⟩"),
        ("\ue000\U000f0000", "⟨U+E000⟩⟨U+F0000⟩"),
        ("no\u00a0break\u2028line", "no\u00a0break⟨U+2028⟩line"),
        (None, "None"),
        (12, "12"),
    ],
)
def test_every_invisible_character_is_made_visible(raw: object, shown: str) -> None:
    """Row 52: escape sequences, bidi overrides and line breaks are shown, not obeyed."""
    assert clean(raw) == shown


def test_no_code_point_gets_through() -> None:
    """Row 52: the whole of Unicode, one by one."""
    shown = clean("".join(map(chr, range(sys.maxunicode + 1))))
    assert {char for char in shown if unicodedata.category(char) in INVISIBLE} == set()


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text())
def test_lines_hold_no_line_break(text: str) -> None:
    """Row 53: whatever a step logs, a printed line stays one line."""
    assert all(len(line.splitlines()) <= 1 for line in clean_lines(text))


def test_line_ends_of_all_kinds_are_line_ends() -> None:
    assert clean_lines("a\nb\r\nc\rd\u2028e") == ["a", "b", "c", "d", "e"]


@given(st.dictionaries(st.text(), st.text()))
def test_escaped_json_is_the_same_value_and_prints_safely(value: dict[str, str]) -> None:
    """Row 52: `--json` on a terminal is as harmless as anything else."""
    for indent in (None, 2):
        shown = escape_json(json.dumps(value, ensure_ascii=False, indent=indent))
        assert json.loads(shown) == value
        assert {c for c in shown if unicodedata.category(c) in INVISIBLE} <= {"\n"}
