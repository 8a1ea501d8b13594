from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from plugins.http.answer import Unreadable, accepts, parse_body, phrase, retry_after_ms

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "content_type", "charset", "value", "is_base64"),
    [
        (b'{"a": 1}', "application/json", None, {"a": 1}, False),
        (b'\xef\xbb\xbf{"a": 1}', "application/json", "utf-8", {"a": 1}, False),
        (b'{"t": "x"}', "application/problem+json", None, {"t": "x"}, False),
        ('{"a": "é"}'.encode("utf-16"), "application/json", "utf-16", {"a": "é"}, False),
        (b"", "application/json", None, None, False),
        (b"", "text/plain", None, None, False),
        (b"NaN", "application/json", None, "NaN", False),
        (b'{"a": 1}', "text/plain", None, '{"a": 1}', False),
        ("h\xe9".encode("latin-1"), "text/html", "iso-8859-1", "hé", False),
        ("h\xe9".encode("latin-1"), "text/html", "utf-8", "aOk=", True),
        ("h\xe9".encode("latin-1"), "text/html", None, "aOk=", True),
        ("日本".encode("shift_jis"), "text/plain", "Shift_JIS", "日本", False),
        (b"abc", "text/plain", "no-such-charset", "YWJj", True),
        (b"abc", "text/plain", "punycode", "YWJj", True),
        (b"\\ud800", "text/plain", "unicode_escape", "XHVkODAw", True),
        (b"\x00\xd8", "text/plain", "utf-16-le", "ANg=", True),
        (b"abc", "text/plain", "\x00bad", "YWJj", True),
        (b"abc", "application/octet-stream", None, "YWJj", True),
        (b"\x89PNG", "image/png", None, "iVBORw==", True),
        (b"<svg/>", "image/svg+xml", None, "<svg/>", False),
        (b"a: 1", "application/yaml", None, "a: 1", False),
        (b"a\x00b", "application/x-thing", None, "YQBi", True),
        (b"plain", "", None, "plain", False),
        (b"\xff\xfe", "", None, "//4=", True),
    ],
)
def test_reads_what_the_content_type_says(
    raw: bytes, content_type: str, charset: str | None, value: Any, is_base64: bool
) -> None:
    """Row 25: what is not text is kept as base64, and nothing makes half characters or takes forever."""
    assert parse_body(raw, content_type, charset, "auto")[:2] == (value, is_base64)


@pytest.mark.parametrize(
    ("how", "raw", "value", "is_base64"),
    [
        ("json", b"[1]", [1], False),
        ("json", b"", None, False),
        ("text", b"[1]", "[1]", False),
        ("text", b"", "", False),
        ("text", b"h\xe9", "h�", False),
        ("base64", b"[1]", "WzFd", True),
        ("base64", b"", "", True),
    ],
)
def test_reads_as_it_is_told(how: Literal["json", "text", "base64"], raw: bytes, value: Any, is_base64: bool) -> None:
    assert parse_body(raw, "application/octet-stream", None, how) == (value, is_base64, None)


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 200 + b"]" * 200, b"1e999", b'"\\ud800"', b'{"\\u0000": 1}'])
def test_json_no_store_could_keep_is_refused(raw: bytes) -> None:
    """Row 23: the same strict reader as everywhere."""
    with pytest.raises(Unreadable):
        parse_body(raw, "application/json", None, "json")
    value, _, remark = parse_body(raw, "application/json", None, "auto")
    assert isinstance(value, str)
    assert remark is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7000),
        (" 0 ", 0),
        ("99999999999", 86_400_000),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30_000),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 23 Nov 2099 11:00:00 GMT", 86_400_000),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30_000),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("²", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, expected: int | None) -> None:
    assert retry_after_ms(value, NOW) == expected


def test_status_patterns() -> None:
    assert accepts(204, ["2xx"])
    assert accepts(404, ["2xx", "404"])
    assert not accepts(404, ["2xx", "405"])
    assert not accepts(99, ["2xx"])
    assert (phrase(404), phrase(299)) == ("404 Not Found", "299")
