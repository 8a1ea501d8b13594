"""Log lines: one JSON object each for machines, coloured and aligned for people, and never a raw control character.

Every line carries the id of the request it belongs to. Fields are given as `log.info("...", extra={"fields": {...}})`.
What goes into a line is chosen at the call: no headers, no bodies, no paths (a webhook's path is its credential).
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import traceback
import unicodedata
from contextvars import ContextVar
from itertools import count
from typing import Any, Final

from engine.clock import iso
from server.log_masking import LOGGED
from server.log_writer import LineWriter

ROOT: Final = "flowdesk"
_COLOURS: Final = {"DEBUG": "2", "INFO": "36", "WARNING": "33", "ERROR": "31", "CRITICAL": "31;1"}

_request_id: ContextVar[str] = ContextVar("request_id", default="-")


_PREFIX: Final = secrets.token_hex(4)
_NUMBERS: Final = count(1)


def new_request_id() -> str:
    """An id no other request has, here or in another process."""
    return f"{_PREFIX}-{next(_NUMBERS):x}"


def request_id() -> str:
    """The id of the request this code works for, `-` outside of one."""
    return _request_id.get()


def set_request_id(value: str) -> None:
    """Name the request this task works for."""
    _request_id.set(value)


def visible(text: str) -> str:
    """The text as one line: every character that could move the cursor or start a new line is written as its escape."""
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else _escape(char) for char in text])


def _escape(char: str) -> str:
    if unicodedata.category(char) == "Zs":
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _traceback(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return "".join(traceback.format_exception(error)) if error is not None else ""


class JsonLines(logging.Formatter):
    """One object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; what JSON cannot say is written as text."""
        line: dict[str, Any] = {
            "time": iso(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id() != "-":
            line["requestId"] = request_id()
        line |= getattr(record, "fields", {})
        if trace := _traceback(record):
            line["traceback"] = trace
        # ASCII only, so that nothing in it can be more than text; of ASCII, json leaves DEL as it is.
        return json.dumps(line, default=repr).replace("\x7f", "\\u007f")


class TextLines(logging.Formatter):
    """For people: time, level, message, fields; a traceback follows on lines of its own."""

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, and the traceback below it."""
        level = f"{record.levelname.lower():7}"
        if self._colour:
            level = f"\x1b[{_COLOURS.get(record.levelname, '0')}m{level}\x1b[0m"
        line = f"{self.formatTime(record, '%H:%M:%S')} {level} {visible(record.getMessage())}"
        fields: dict[str, Any] = getattr(record, "fields", {})
        shown = [f"{name}={value}" for name, value in fields.items()]
        if request_id() != "-":
            shown.append(f"requestId={request_id()}")
        if shown:
            line += visible("  " + " ".join(shown))
        trace = _traceback(record).splitlines()
        return "\n".join([line, *(f"    {visible(text)}" for text in trace)])


class LineHandler(logging.Handler):
    """Formats at the call, where the request is known, and leaves the writing to a thread. Hides known secrets."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over one line; a line that cannot be formatted is replaced by one that says so."""
        try:
            line = LOGGED.hide(self.format(record))
        except Exception as error:
            line = f"a log line from {record.name} could not be written: {type(error).__name__}"
        self._writer.write(line)


def start_logging(level: str, form: str) -> LineWriter:
    """Send all logging to stderr; the caller closes the writer at the end."""
    terminal = sys.stderr.isatty()
    readable = form == "text" or (form == "auto" and terminal)
    writer = LineWriter(sys.stderr.fileno())
    handler = LineHandler(writer)
    handler.setFormatter(TextLines(colour=terminal) if readable else JsonLines())
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())
    return writer
