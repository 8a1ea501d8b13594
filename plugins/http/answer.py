"""An answer: read within limits, and turned into values a workflow can use."""

from __future__ import annotations

import base64
import codecs
import email.utils
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Literal

import aiohttp

from engine.sdk import BadJson, parse_json

MAX_RETRY_AFTER_MS: Final = 86_400_000
_TEXT_TYPES: Final = ("text/", "application/xml", "application/javascript", "application/x-www-form-urlencoded")
_BINARY_TYPES: Final = (
    "image/", "audio/", "video/", "font/", "application/octet-stream", "application/pdf", "application/zip",
    "application/gzip",
)  # fmt: skip
# Codecs of real web pages. Python knows stranger ones: some take quadratic time, some make half characters.
_CHARSETS: Final = (
    "utf-8", "utf-16", "utf-32", "ascii", "iso8859", "cp", "gb", "big5", "shift_jis", "euc_", "koi8", "mac-", "tis-620",
)  # fmt: skip


class TooLarge(Exception):
    """The body is larger than allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the answer is larger than {limit:,} bytes")


class Unreadable(Exception):
    """The body is not what the step asked for."""


async def read_body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, counted as it comes out of decompression; raises TooLarge as soon as it is."""
    declared = response.content_length
    if declared is not None and declared > limit and response.method != "HEAD":
        response.close()
        raise TooLarge(limit)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            response.close()  # the rest must not be read to keep the connection
            raise TooLarge(limit)
    return bytes(body)


def plain_headers(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """Headers by lower-case name; repeated ones joined by commas, except `set-cookie`, which is a list."""
    headers: dict[str, Any] = {}
    for name, value in response.headers.items():
        key, text = name.lower(), _printable(value)
        if key == "set-cookie":
            headers.setdefault(key, []).append(text)
        else:
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _printable(value: str) -> str:
    """aiohttp keeps bytes that are not UTF-8 as half characters, which no store could keep."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value


def parse_body(
    raw: bytes, content_type: str, charset: str | None, how: Literal["auto", "json", "text", "base64"]
) -> tuple[Any, bool, str | None]:
    """The body's value, whether it is base64, and a remark; raises Unreadable when `how` is `json` and it is not."""
    if how == "base64":
        return base64.b64encode(raw).decode(), True, None
    if how == "text":
        codec = _codec(charset) or "utf-8"
        return raw.decode(codec, "replace"), False, None
    if not raw:
        return None, False, None
    is_json = content_type.endswith(("/json", "+json"))
    remark: str | None = None
    if how == "json" or is_json:
        try:
            return _json(raw, charset), False, None
        except (BadJson, UnicodeError) as error:
            remark = f"the answer cannot be read as JSON: {error}"
            if how == "json":
                raise Unreadable(remark) from None
    text = None if content_type.startswith(_BINARY_TYPES) and not content_type.endswith("+xml") else _text(raw, charset)
    if text is None or ("\x00" in text and not content_type.startswith(_TEXT_TYPES)):
        return base64.b64encode(raw).decode(), True, remark
    return text, False, remark


def _json(raw: bytes, charset: str | None) -> Any:
    codec = _codec(charset) or "utf-8"
    if codec != "utf-8":
        raw = raw.decode(codec).encode()
    return parse_json(raw.removeprefix(codecs.BOM_UTF8))


def _text(raw: bytes, charset: str | None) -> str | None:
    codec = "utf-8" if charset is None else _codec(charset)
    if codec is None:
        return None
    try:
        text = raw.decode(codec)
        text.encode()
    except UnicodeError:
        return None
    return text


def _codec(charset: str | None) -> str | None:
    """The name of a codec for web pages, or None."""
    try:
        name = codecs.lookup(charset).name if charset else ""
    except (LookupError, ValueError):
        return None
    return name if name.startswith(_CHARSETS) and name != "utf-8-sig" else None


def accepts(status: int, patterns: Iterable[str]) -> bool:
    """Whether a status is one of `404` or `2xx`."""
    text = str(status)
    return any(text == pattern or (pattern.endswith("xx") and text[0] == pattern[0]) for pattern in patterns)


def phrase(status: int) -> str:
    """`404 Not Found`; only the number for a status nobody has named."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after_ms(value: str | None, now: datetime | None = None) -> int | None:
    """How long a `Retry-After` header asks to wait: seconds or a date, a day at most; None when it says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * 1000, MAX_RETRY_AFTER_MS)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    delay = (until - (now or datetime.now(UTC))).total_seconds() * 1000
    return min(max(round(delay), 0), MAX_RETRY_AFTER_MS)
