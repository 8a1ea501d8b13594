"""What is typed behind `/`: text to look for, `!` in front for what it is not in, `re:...` or `/.../` for a pattern."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Final

from flowdesk.tui.draw.logline import LogLine, Span

LONGEST: Final = 500
"""Characters a pattern may have."""


@dataclass(slots=True, frozen=True)
class Wanted:
    """What to look for, upper and lower case alike. `problem` says why a pattern cannot be used."""

    text: str = ""
    pattern: bool = False
    inverse: bool = False
    problem: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is looked for."""
        return bool(self.text) and self.problem is None


def parse(typed: str) -> Wanted:
    """Read what was typed. Never raises; text that is no `re:` or `/.../` is looked for as it is."""
    inverse = typed.startswith("!")
    text = typed[inverse:]
    if text.startswith("re:"):
        text = text[3:]
    elif len(text) > 2 and text[0] == text[-1] == "/":
        text = text[1:-1]
    else:
        return Wanted(text.lower(), inverse=inverse)
    return Wanted(text, True, inverse, _problem(text))


def find(wanted: Wanted, line: LogLine) -> Span | None:
    """Where plain text is first found in a line: its step, a blank, its text. A pattern looks at the text alone."""
    at = f"{line.step or ''} {line.text}".lower().find(wanted.text)
    return (at, at + len(wanted.text)) if at >= 0 else None


def hits(wanted: Wanted, line: LogLine, found: Span | None) -> list[Span]:
    """The places in the line's text to be marked: all of them for plain text, the first one for a pattern."""
    if found is None or not wanted or wanted.inverse:
        return []
    if wanted.pattern:
        return [found]
    return [match.span() for match in re.finditer(re.escape(wanted.text), line.text, re.IGNORECASE)]


def _problem(pattern: str) -> str | None:
    if len(pattern) > LONGEST:
        return f"a pattern has at most {LONGEST} characters"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            return str(error)
        except (OverflowError, RecursionError):
            return "this pattern is too large"
    return None
