"""URLs: what is accepted, how they are put together, what of them may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic_core import PydanticCustomError
from yarl import URL

_SCHEME: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class BadUrl(ValueError):
    """A URL that cannot be requested; the text says why and never repeats the URL."""


def parse_url(text: str) -> URL:
    """The URL to request; raises BadUrl."""
    if _CONTROL.search(text):
        raise BadUrl("the URL holds a line break, NUL or another control character")
    try:
        url = URL(text.strip())
    except ValueError:  # UnicodeError is one, too
        raise BadUrl("the URL cannot be read: check its host, port and brackets") from None
    if url.scheme not in ("http", "https"):
        raise BadUrl("the URL must begin with http:// or https://")
    if not _has_host(url):
        raise BadUrl("the URL's host is not a host name" if url.host else "the URL has no host")
    if url.raw_user is not None or url.raw_password is not None:
        raise BadUrl("the URL holds a user name or password; put them under auth, where they are kept out of logs")
    return url.with_fragment(None)


def checked_url(text: str) -> str:
    """Refuse at save what is certain to fail; what a template decides is checked when it is known."""
    fixed, templated, _ = text.partition("{{")
    scheme = _SCHEME.match(fixed)
    try:
        if not templated:
            parse_url(text)
        elif scheme and scheme[1].lower() not in ("http", "https"):
            raise BadUrl("the URL must begin with http:// or https://")
    except BadUrl as error:
        raise PydanticCustomError("url", "{problem}", {"problem": str(error)}) from None
    return text


def with_query(url: URL, query: Mapping[str, str | list[str] | None]) -> URL:
    """The URL with more query parameters after its own; null leaves one out, a list repeats it."""
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if value is not None:
            pairs.extend((name, item) for item in ([value] if isinstance(value, str) else value))
    return url.extend_query(pairs) if pairs else url


def redirect_target(url: URL, location: str) -> URL:
    """Where a redirect leads; raises BadUrl. User name and password in it are dropped: the other side chose them."""
    try:
        target = url.join(URL(location)).with_fragment(None)
        if target.scheme in ("http", "https") and _has_host(target):
            return target.with_user(None)
    except ValueError:
        pass
    raise BadUrl("the answer redirects to something that is not an http URL")


def _has_host(url: URL) -> bool:
    return url.raw_host is not None and _HOST.fullmatch(url.raw_host) is not None


def shown(method: str, url: URL) -> str:
    """How a request is called in messages: without path, query and user, which may hold keys."""
    return f"{method} {url.origin()}"


def same_origin(one: URL, other: URL) -> bool:
    """Whether both lead to the same scheme, host and port."""
    return (one.scheme, one.raw_host, one.port) == (other.scheme, other.raw_host, other.port)
