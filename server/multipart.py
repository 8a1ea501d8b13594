"""`multipart/form-data` from bytes; pure and bounded.

Each part becomes a text, or for a file `{filename, contentType, size, text}`, with `base64` instead of `text` when it
is none.
"""

from __future__ import annotations

import base64
import re
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any, Final

from engine.errors import BadJson

MAX_PARTS: Final = 1000
MAX_PART_HEADERS: Final = 16_384
_CHARSETS: Final = re.compile(
    r"((us-)?ascii|utf-?8|utf-?16(le|be)?|iso-8859-\d{1,2}|latin-?1|windows-125\d|cp\d{3,4}|koi8-[ru]"
    r"|shift_jis|euc-(jp|kr)|iso-2022-jp|gbk|gb2312|gb18030|big5)\Z"
)


def parse_content_type(value: str) -> tuple[str, dict[str, str]]:
    """The media type in lower case and its parameters."""
    if ";" not in value:
        return value.strip().lower(), {}
    message = Message()
    message["content-type"] = value.replace("\r", " ").replace("\n", " ")
    given = message.get_params(failobj=[], header="content-type")
    kind = given[0][0].lower() if given else ""
    return kind, {name.lower(): collapse_rfc2231_value(text) for name, text in given[1:]}


def read_multipart(body: bytes, boundary: str) -> list[tuple[str, Any]]:
    """The form's fields in order; BadJson when this is not a form."""
    if not boundary:
        raise _broken("its Content-Type names no boundary")
    try:
        delimiter = b"\r\n--" + boundary.encode("latin-1")
    except UnicodeEncodeError:
        raise _broken("its boundary is not ASCII") from None
    parts = (b"\r\n" + body).split(delimiter, MAX_PARTS + 1)
    if len(parts) > MAX_PARTS + 1:
        raise _broken(f"it has more than {MAX_PARTS} parts")
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise _broken("its closing boundary is missing")
    return [_field(part) for part in parts[1:-1]]


def _field(part: bytes) -> tuple[str, Any]:
    head, found, content = part.partition(b"\r\n\r\n")
    if not found or len(head) > MAX_PART_HEADERS:
        raise _broken("a part has no end of headers")
    headers = _headers(head)
    disposition = Message()
    disposition["content-disposition"] = headers.get("content-disposition", "")
    name = disposition.get_param("name", header="content-disposition")
    if name is None:
        raise _broken("a part has no name")
    filename = disposition.get_filename()
    media = headers.get("content-type", "")
    if filename is None:
        text = text_of(content, parse_content_type(media)[1].get("charset"))
        if text is None:
            raise _broken("a field is not text")
        return collapse_rfc2231_value(name), text
    return collapse_rfc2231_value(name), _file(filename, media, content)


def _file(filename: str, media: str, content: bytes) -> dict[str, Any]:
    kind, params = parse_content_type(media)
    document = {"filename": filename, "contentType": kind or "application/octet-stream", "size": len(content)}
    textual = kind.startswith("text/") or kind.endswith(("json", "xml")) or "charset" in params
    text = text_of(content, params.get("charset")) if textual else None
    if text is not None:
        return {**document, "text": text}
    return {**document, "base64": base64.b64encode(content).decode()}


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("utf-8", "replace").split("\r\n")
    found: dict[str, str] = {}
    for line in lines[1:]:  # the first one ends the delimiter
        name, _, value = line.partition(":")
        found[name.strip().lower()] = value.strip().replace("\n", " ").replace("\r", " ")
    return found


def text_of(content: bytes, charset: str | None) -> str | None:
    """The text these bytes are in this charset (UTF-8 when not named); None when they are none."""
    name = (charset or "utf-8").strip().lower()
    if not _CHARSETS.match(name):  # some of Python's codecs take quadratic time or are no charsets at all
        return None
    try:
        text = content.decode(name)
        text.encode()  # some produce lone surrogates
    except (UnicodeError, LookupError):
        return None
    return text


def _broken(why: str) -> BadJson:
    return BadJson(f"the form cannot be read: {why}", code="bad_form", hint="send multipart/form-data")
