"""Hiding values wherever they turn up: as they are, encoded, escaped, or torn off where a text was cut.

A secret that was sent somewhere may come back in an answer, an error or a log line, and not always in the form it was
sent in. What is known to be secret is therefore looked for by value, in every form it usually takes.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

MASK: Final = "••••••"

SHORTEST: Final = 8
"""Characters a secret needs; one shorter could not be hidden without hiding half of every text."""
SHORTEST_FORM: Final = 6
_MANY_CUTS: Final = 50

_CUT: Final = re.compile(r"(…|\.{3})")
_SAFE: Final = ("", "/", "~", "/:?#[]@!$&'()*+,;=", "/?:@!$'()*,;", "/:@!$&'()*+,;=")
"""Characters that one library or another leaves as they are in a part of a URL."""
_LOWER_HEX: Final = re.compile(r"%[0-9A-F]{2}")


def forms_of(value: str) -> frozenset[str]:
    """Every form of a secret that is looked for."""
    found = {value, *_lines(value)}
    for text in tuple(found):
        found.update(_written(text))
        found.update(_encoded(text.encode("utf-8", "surrogatepass")))
    return frozenset(form for form in found if len(form) >= SHORTEST_FORM)


def _lines(value: str) -> Iterator[str]:
    """The lines of a key file: whoever prints it indents them, or writes one at a time."""
    if "\n" in value:
        lines = (line.strip() for line in value.splitlines())
        yield from (line for line in lines if len(line) >= SHORTEST and not line.startswith("-----"))


def _written(text: str) -> Iterator[str]:
    """As it stands inside of JSON, source text, URLs and HTML."""
    for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
        yield json.dumps(escaped)[1:-1]
    yield repr(text)[1:-1]
    yield html.escape(text)
    yield html.escape(text, quote=False)
    if any(0xD800 <= ord(char) < 0xE000 for char in text):
        return
    urls = {quote(text, safe=safe) for safe in _SAFE} | {quote_plus(text)}
    urls |= {quote(url, safe="") for url in urls}
    for url in urls:
        yield url
        yield _LOWER_HEX.sub(lambda found: found[0].lower(), url)


def _encoded(raw: bytes) -> Iterator[str]:
    """As bytes in hexadecimal, and in base64 wherever it begins among other bytes."""
    yield raw.hex()
    yield raw.hex().upper()
    for before in range(3):
        bits = 8 * (before + len(raw))
        whole = base64.b64encode(bytes(before) + raw).decode()
        # The first and last characters also tell of the bytes around it.
        inner = whole[-(-8 * before // 6) : bits // 6]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


class _Form:
    """One text to look for, and how much of it a text that was cut must show to be recognised."""

    __slots__ = ("head", "part", "tail", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.part = max(4, min(SHORTEST, len(text) // 2))
        self.head = text[: self.part]
        self.tail = text[-self.part :]


class _InUrl:
    """A secret in a URL, whichever of its characters are percent-encoded there, and however often."""

    __slots__ = ("_known", "_pattern")

    def __init__(self, value: str) -> None:
        self._known = max(re.findall(r"[A-Za-z0-9_-]*", value), key=len)
        self._pattern = re.compile("".join(map(_anyhow, value.encode("utf-8", "surrogatepass"))))

    def hide(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._known in text else text


def _anyhow(byte: int) -> str:
    char = chr(byte)
    if char.isascii() and (char.isalnum() or char in "_-"):
        return re.escape(char)
    plain = f"{re.escape(char)}|" if char.isascii() else ""
    return f"(?:{plain}{'[+]|' if char == ' ' else ''}%(?:25)*(?i:{byte:02x}))"


_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]*")
_LONGEST_IN_URL: Final = 2_000


class Masker:
    """Hides what it has learnt. Texts and values without anything secret are handed back as they are."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._forms: list[_Form] = []
        self._in_urls: list[_InUrl] = []
        self._digits: frozenset[str] = frozenset()
        self._shortest = 0
        self.learn(values)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def learn(self, values: Iterable[str]) -> None:
        """Hide these from now on, too."""
        new = {value for value in values if len(value) >= SHORTEST} - self._values
        if not new:
            return
        self._values |= new
        texts = {form.text for form in self._forms}.union(*map(forms_of, new))
        # The longest first: what is hidden whole leaves no torn parts behind.
        self._forms = [_Form(text) for text in sorted(texts, key=lambda text: (-len(text), text))]
        self._shortest = min(form.part for form in self._forms)
        odd = (value for value in self._values if not _PLAIN.fullmatch(value) and len(value) <= _LONGEST_IN_URL)
        self._in_urls = [_InUrl(value) for value in odd]
        self._digits = frozenset(value for value in self._values if value.isascii() and value.isdigit())

    def forget(self) -> None:
        """Hide nothing any more."""
        self._values, self._forms, self._in_urls, self._digits = set(), [], [], frozenset()

    def holds(self, text: str) -> bool:
        """Whether the text shows anything secret."""
        return self.text(text) is not text

    def text(self, text: str) -> str:
        """The text with every secret replaced."""
        if len(text) < self._shortest:
            return text
        for form in self._forms:
            if form.text in text:
                text = text.replace(form.text, MASK)
        if "%" in text:
            for one in self._in_urls:
                text = one.hide(text)
        if "…" in text or "..." in text:
            pieces = _CUT.split(text)
            if len(pieces) <= _MANY_CUTS and (torn := [self._torn(piece) for piece in pieces]) != pieces:
                return "".join(torn)
        return self._torn(text)

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it masked, keys too; shares what did not change."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            changed = {self.text(key) if isinstance(key, str) else key: self.value(item) for key, item in value.items()}
            same = all(a is b and changed[a] is value[a] for a, b in zip(changed, value, strict=False))
            return value if same and len(changed) == len(value) else changed
        if isinstance(value, list | tuple):
            items = [self.value(item) for item in value]
            return value if all(a is b for a, b in zip(items, value, strict=True)) else items
        if self._digits and isinstance(value, int | float) and not isinstance(value, bool) and self._is_digits(value):
            return MASK
        return value

    def _is_digits(self, number: float) -> bool:
        written = str(number)
        return any(digits.lstrip("0") in written for digits in self._digits if digits.lstrip("0"))

    def _torn(self, text: str) -> str:
        """Hide what is left of a secret at an end of a text that was cut there."""
        for form in self._forms:
            if len(text) < form.part:
                continue
            if len(text) < len(form.text) and text in form.text:
                return MASK
            if form.head in text:
                text = _without_end(text, form)
            if form.tail in text:
                text = _without_start(text, form)
        return text


def _without_end(text: str, form: _Form) -> str:
    """The text without a beginning of the form that it ends with."""
    at = text.find(form.head, max(0, len(text) - len(form.text)))
    while at >= 0:
        if form.text.startswith(text[at:]):
            return text[:at] + MASK
        at = text.find(form.head, at + 1)
    return text


def _without_start(text: str, form: _Form) -> str:
    """The text without an end of the form that it begins with."""
    at = text.rfind(form.tail, 0, len(form.text))
    while at >= 0:
        end = at + form.part
        if form.text.endswith(text[:end]):
            return MASK + text[end:]
        at = text.rfind(form.tail, 0, end - 1)
    return text
