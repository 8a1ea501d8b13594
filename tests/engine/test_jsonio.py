"""One strict reader for all JSON that comes in (row 23)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadJson
from engine.jsonio import MAX_DEPTH, check_json, dump_text, dumps, parse_json

BAD: dict[str, bytes] = {
    "nothing": b"",
    "syntax": b"{",
    "two values": b"1 2",
    "NaN": b"NaN",
    "infinity": b"[1, Infinity]",
    "too large a float": b"1e999",
    "bad UTF-8": b'"\xff"',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "lone surrogate": b'"\\ud800"',
    "integer beyond 64 bits": b"[9223372036854775808]",
    "5000 digits": b"1" * 5000,
    "negative beyond 64 bits": b"-9223372036854775809",
    "NUL in a key": b'{"a\\u0000b": 1}',
    "101 levels": b"[" * 101 + b"]" * 101,
    "100000 levels": b"[" * 100_000,
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD.keys())
def test_what_no_store_could_keep_is_refused(raw: bytes) -> None:
    """Row 23: each is one kind of error, never a crash."""
    with pytest.raises(BadJson):
        parse_json(raw)


def test_exact_borders_are_accepted() -> None:
    assert parse_json(b"9223372036854775807") == 2**63 - 1
    assert parse_json(b"-9223372036854775808") == -(2**63)
    deep = parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert dump_text(deep) == "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse_json(b'{"a": 1, "a": 2}') == {"a": 2}
    assert parse_json('"\\u0000 é 😀"'.encode()) == "\x00 é 😀"
    assert parse_json(b"0.12345678901234567890123") == 0.12345678901234568


def test_a_syntax_error_tells_where() -> None:
    with pytest.raises(BadJson, match="line 2, column 8"):
        parse_json(b'{\n  "a": }')


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text().filter(lambda k: "\0" not in k), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_json(dumps(value)) == value
    check_json(value)


@given(JSON)
def test_what_the_standard_library_writes_is_read(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize("value", [float("nan"), {"a": [float("inf")]}, 2**64, {1: 2}, {"a": object()}, "\ud800"])
def test_values_that_are_not_json_are_refused(value: Any) -> None:
    with pytest.raises(BadJson):
        check_json(value)


def test_writing_a_python_object_is_an_error_not_a_guess() -> None:
    with pytest.raises(BadJson):
        dumps({"a": object()})
