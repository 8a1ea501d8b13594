"""Helpers for texts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
from typing import Any
from urllib.parse import quote

from engine.errors import BadJson
from engine.jsonio import check_json, dump_text, parse_json
from engine.render.helpers.base import HelperError, Helpers, any_arg, bounded, int_arg, text_arg
from engine.render.helpers.base import text as single_text

helpers = Helpers("Text")


@helpers.add("upper", "text", example="{{data.name | upper}}", data={"name": "Ada"}, output="ADA")
def upper(value: str) -> str:
    """Capital letters throughout."""
    return value.upper()


@helpers.add(
    "lower", "text", example="{{data.email | lower}}", data={"email": "Me@Example.com"}, output="me@example.com"
)
def lower(value: str) -> str:
    """Small letters throughout."""
    return value.lower()


@helpers.add("title", "text", example="{{data.name | title}}", data={"name": "ada lovelace"}, output="Ada Lovelace")
def title(value: str) -> str:
    """A capital at the start of each word."""
    return value.title()


@helpers.add("trim", "text", example="{{data.name | trim}}", data={"name": "  Ada \n"}, output="Ada")
def trim(value: str) -> str:
    """Without white space at both ends."""
    return value.strip()


@helpers.add(
    "truncate",
    "text",
    int_arg,
    text_arg,
    optional=1,
    example="{{data.text | truncate 9}}",
    data={"text": "A long story"},
    output="A long s…",
)
def truncate(value: str, length: int, ending: str = "…") -> str:
    """At most this many characters; a text that was cut ends with `…`, or with the second argument."""
    if len(value) <= length:
        return value
    return value[: max(0, length - len(ending))] + ending


@helpers.add(
    "replace",
    "text",
    text_arg,
    text_arg,
    example='{{data.phone | replace " " ""}}',
    data={"phone": "030 123 456"},
    output="030123456",
)
def replace(value: str, old: str, new: str) -> str:
    """Every occurrence of the first argument becomes the second. Plain text, no patterns."""
    if not old:
        raise HelperError("the text to look for is empty")
    bounded(len(value) + value.count(old) * (len(new) - len(old)))
    return value.replace(old, new)


@helpers.add(
    "split",
    "text",
    text_arg,
    example='{{data.tags | split ","}}',
    data={"tags": "red, green,blue"},
    output=["red", "green", "blue"],
)
def split(value: str, separator: str) -> list[str]:
    """The list of parts between the separators, each without white space at its ends. An empty text has no parts."""
    if not separator:
        raise HelperError("the separator is empty")
    return [part.strip() for part in value.split(separator)] if value.strip() else []


@helpers.add(
    "default",
    "any",
    any_arg,
    nulls=True,
    example='{{data.nickname | default "friend"}}',
    data={"nickname": ""},
    output="friend",
)
def default(value: Any, instead: Any) -> Any:
    """The argument when the value is missing, null or an empty text. A missing name is then expected: no warning."""
    return instead if value is None or value == "" else value


@helpers.add("text", "any", nulls=True, example="{{data.id | text}}", data={"id": 42}, output="42")
def text(value: Any) -> str:
    """The value as it would look inside a text: null is empty, lists and objects are JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else dump_text(value)


@helpers.add("json", "any", nulls=True, example="{{data.tags | json}}", data={"tags": ["a", None]}, output='["a",null]')
def json(value: Any) -> str:
    """The value as compact JSON; a text gets its quotes and escapes."""
    return dump_text(value)


@helpers.add("from_json", "text", example="{{data.body | from_json}}", data={"body": '{"a": 1}'}, output={"a": 1})
def from_json(value: str) -> Any:
    """The value a JSON text holds."""
    try:
        found = parse_json(value.encode())
        check_json(found)
    except (BadJson, UnicodeEncodeError) as error:
        raise HelperError(str(error)) from None
    return found


@helpers.add(
    "urlencode",
    "text",
    example="{{data.city | urlencode}}",
    data={"city": "Köln & Bonn"},
    output="K%C3%B6ln%20%26%20Bonn",
)
def urlencode(value: str) -> str:
    """Percent-encoded for use inside a URL, `/` included. In URL fields this happens by itself."""
    return quote(_encodable(value), safe="")


@helpers.add(
    "escape_html", "text", example="{{data.name | escape_html}}", data={"name": "<b>&"}, output="&lt;b&gt;&amp;"
)
def escape_html(value: str) -> str:
    """`&`, `<`, `>` and quotes written so that HTML shows them."""
    return html.escape(value)


@helpers.add("base64", "text", example="{{data.name | base64}}", data={"name": "Ada"}, output="QWRh")
def to_base64(value: str) -> str:
    """The UTF-8 bytes in base64."""
    return base64.b64encode(_encodable(value)).decode()


@helpers.add("unbase64", "text", example="{{data.code | unbase64}}", data={"code": "QWRh"}, output="Ada")
def from_base64(value: str) -> str:
    """The text that base64 holds; the URL-safe alphabet and missing padding are accepted."""
    compact = "".join(value.split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        raise HelperError("not a text in base64") from None


@helpers.add(
    "hash",
    "text",
    example="{{data.email | hash}}",
    data={"email": "a"},
    output="ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
)
def sha256(value: str) -> str:
    """The SHA-256 of the UTF-8 bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(_encodable(value)).hexdigest()


def _encodable(value: Any) -> bytes:
    try:
        return single_text(value).encode()
    except UnicodeEncodeError:
        raise HelperError("the text holds half a character (a lone surrogate)") from None
