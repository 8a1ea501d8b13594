"""Which headers a step may set, checked when a workflow is saved and again before anything is sent.

A header that frames the message or belongs to the connection would let one step damage the next request on a pooled
connection; a line break in a value would start a header of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from plugins.values import as_text

FRAMING: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def name_problem(name: str) -> str | None:
    """What is wrong with a header's name, or None."""
    if not _TOKEN.fullmatch(name):
        return f"{name!r} is not a header name: letters, digits and - only"
    lower = name.lower()
    if lower in FRAMING or lower.startswith("proxy-"):
        return f"{name} may not be set: FlowDesk frames messages and keeps connections itself"
    return None


def value_problem(value: str) -> str | None:
    """What is wrong with a header's value, or None."""
    if _CONTROL.search(value):
        return "a header's value may not hold line breaks, NUL or other control characters"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "a header's value holds half a character (a lone surrogate)"
    return None


def headers_problem(headers: Mapping[str, str | None]) -> str | None:
    """The first thing wrong with a set of headers, or None."""
    for name, value in headers.items():
        problem = name_problem(name) or value_problem(value or "")
        if problem:
            return f"header {name!r}: {problem}"
    return None


def _checked_name(name: str) -> str:
    problem = name_problem(name)
    if problem:
        raise PydanticCustomError("header_refused", "{problem}", {"problem": problem})
    return name


def _checked_value(value: str) -> str:
    problem = value_problem(value)
    if problem:
        raise PydanticCustomError("header_value", "{problem}", {"problem": problem})
    return value


def scalar_text(value: Any) -> Any:
    """Numbers and booleans as text, texts and null as they are; objects and lists have no form here."""
    if isinstance(value, dict | list):
        raise PydanticCustomError("scalar", "a text, number, boolean or null is needed here, not an object or list")
    return value if value is None else as_text(value)


def _unique(headers: dict[str, str | None]) -> dict[str, str | None]:
    seen: set[str] = set()
    for name in headers:
        if name.lower() in seen:
            raise PydanticCustomError("header_twice", "the header {name} is named twice", {"name": name})
        seen.add(name.lower())
    return headers


HeaderName = Annotated[str, StringConstraints(max_length=200), AfterValidator(_checked_name)]
HeaderText = Annotated[str, BeforeValidator(scalar_text), AfterValidator(_checked_value)]
Headers = Annotated[dict[HeaderName, HeaderText | None], AfterValidator(_unique)]
