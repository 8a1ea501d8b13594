"""Cursors go out and come back; everything else is refused."""

from __future__ import annotations

import pytest

from engine.errors import Invalid
from engine.stores import cursor


@pytest.mark.parametrize("key", [("id",), (5,), (1_795_425_120_000, "webhook", 7), ("", "ü😀", 0)])
def test_a_cursor_comes_back_as_its_key(key: tuple[int | str, ...]) -> None:
    text = cursor.encode(*key)
    assert text.isascii()
    assert not set(text) & set(' "/+=&?#')
    assert cursor.decode(text, *map(type, key)) == list(key)


def test_a_key_of_other_types_is_refused() -> None:
    with pytest.raises(Invalid):
        cursor.decode(cursor.encode("a"), int)
    with pytest.raises(Invalid):
        cursor.decode(cursor.encode("a", "b"), str)
    with pytest.raises(Invalid):
        cursor.decode(cursor.encode(2**63 - 1) + "x", int)


def test_a_place_is_a_plain_number() -> None:
    assert cursor.decode_place("0") == 0
    assert cursor.decode_place("123456789012345678") == 123456789012345678
    for wrong in ("", "-1", "1234567890123456789", "٣", "1_0", "0x1", "1 "):
        with pytest.raises(Invalid):
            cursor.decode_place(wrong)
