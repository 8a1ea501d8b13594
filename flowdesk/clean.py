"""Text from outside, made safe to show: nothing in it can move the cursor, change colours or reorder a line.

Every control (Cc), format (Cf), surrogate (Cs), private (Co) and unassigned (Cn) character and both Unicode line
separators become visible. What is left is what `str.isprintable` calls printable, plus the kinds of space.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NAMED: Final = {"\n": "⏎", "\t": "⇥"}
_LINE_ENDS: Final = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def clean(raw: object) -> str:
    """The value as one line in which every invisible character is visible: `␛[2J`, `⏎`, `⟨U+202E⟩`."""
    text = raw if isinstance(raw, str) else str(raw)
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else _visible(char) for char in text])


def clean_lines(raw: object) -> list[str]:
    """The same for text of several lines: its own line ends are kept as lines, everything else is made visible."""
    text = raw if isinstance(raw, str) else str(raw)
    return [clean(line) for line in _LINE_ENDS.split(text)]


def escape_json(text: str) -> str:
    """JSON text with the invisible characters of its strings written as `\\uXXXX`: the same value, safe to show."""
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() or char == "\n" else _json_escape(char) for char in text])


def _visible(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if unicodedata.category(char) == "Zs":
        return char
    return f"⟨U+{code:04X}⟩"


def _json_escape(char: str) -> str:
    if unicodedata.category(char) == "Zs":
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
