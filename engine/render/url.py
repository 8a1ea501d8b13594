"""URLs out of templates: what is substituted stays a value and cannot become syntax.

Where a value stands decides what happens to it. At the very start it may be a whole URL and is taken as it is. In
the scheme or the host only the characters of a host are accepted. In path, query and fragment everything but
letters, digits and `-._~` is percent-encoded, `/` included. `{{{name}}}` in a path or query puts a piece of URL in,
of which only what no URL may hold is encoded. A value that went through `| urlencode` last is encoded already.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from engine.render.evaluate import Part, Text, compile_part, compile_value, text_of
from engine.render.parse import Node, Section
from engine.render.state import Fault, State

_AUTHORITY: Final = re.compile(r"\s*(?:(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//)?[^/?#\\]*")
_HOST: Final = re.compile(r"[A-Za-z0-9._~:\[\]\-]*")
_PIECE_OF_URL: Final = "%/?#[]@!$&'()*+,;=:~"
_MAX_URL: Final = 16_384


class UrlWriter:
    """The URL as far as it is written."""

    __slots__ = ("_after_host", "_query", "written")

    def __init__(self) -> None:
        self.written = ""
        self._after_host = False
        self._query = False

    def literal(self, text: str) -> str:
        """Add a part of the template itself."""
        self.written += text
        return text

    def value(self, text: str, *, raw: bool, encoded: bool, offset: int) -> str:
        """Add a substituted value, made harmless for where it stands; returns what was added."""
        if self.written.strip():
            text = self._fitted(text, raw=raw, encoded=encoded, offset=offset)
        if len(self.written) + len(text) > _MAX_URL:
            raise Fault("template_url", f"the URL is longer than {_MAX_URL:,} characters", offset)
        self.written += text
        return text

    def _fitted(self, text: str, *, raw: bool, encoded: bool, offset: int) -> str:
        if not self._past_host():
            if not _HOST.fullmatch(text):
                raise Fault(
                    "template_url",
                    f"{text[:60]!r} cannot be part of the scheme or host of a URL",
                    offset,
                    hint="a host has letters, digits, dots and dashes; a whole URL goes at the very start",
                )
            return text
        if not encoded:
            try:
                text = quote(text, safe=_PIECE_OF_URL if raw else "")
            except UnicodeEncodeError:
                raise Fault("template_url", "the value holds half a character (a lone surrogate)", offset) from None
        if not raw and text and not self._in_query():
            segment = self.written[max(self.written.rfind("/"), self.written.rfind("\\")) + 1 :] + text
            if segment in (".", ".."):
                raise Fault("template_url", f"{segment!r} as a part of the path would lead elsewhere", offset)
        return text

    def _past_host(self) -> bool:
        if not self._after_host:
            found = _AUTHORITY.match(self.written)
            self._after_host = found is not None and found.end() < len(self.written)
        return self._after_host

    def _in_query(self) -> bool:
        self._query = self._query or "?" in self.written or "#" in self.written
        return self._query


def compile_url_parts(nodes: tuple[Node, ...], roots: frozenset[str], *, inside: bool = False) -> list[Part]:
    """What to write, through the UrlWriter of the state."""
    return [_part(node, roots, inside) for node in nodes]


def _part(node: Node, roots: frozenset[str], inside: bool) -> Text:
    if isinstance(node, str):
        return _literal(node)
    if isinstance(node, Section):
        return compile_part(node, roots, inside, body=compile_url_parts)
    value = compile_value(node, roots, inside)
    raw, offset = node.raw, node.offset
    encoded = bool(node.pipeline.calls) and node.pipeline.calls[-1].helper.name == "urlencode"

    def text(state: State) -> str:
        written: str = state.url.value(text_of(value(state), offset), raw=raw, encoded=encoded, offset=offset)
        return written

    return text


def _literal(text: str) -> Callable[[State], str]:
    def write_literal(state: State) -> str:
        written: str = state.url.literal(text)
        return written

    return write_literal
