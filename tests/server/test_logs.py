"""Log lines: one event is one line, nothing raw in it, the request's id beside it, and nobody waits for the reader."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
import time
from typing import Any

import pytest

from server.log_writer import LineWriter
from server.logs import JsonLines, LineHandler, TextLines, new_request_id, request_id, set_request_id, visible

NASTY = 'a\x7f\r\n{"level":"error"}\x1b[2J\x9b31m\u202egnp.exe\u2028\x00\ud800\U000e0041é 😀\xa0'


def record(message: str, *arguments: object, error: BaseException | None = None, **fields: Any) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error is not None else None
    made = logging.LogRecord("flowdesk.test", logging.WARNING, __file__, 1, message, arguments, info)
    made.fields = fields
    return made


def raised(message: str) -> Exception:
    try:
        raise RuntimeError(message)
    except RuntimeError as error:
        return error


def test_json_is_one_printable_line() -> None:
    """Row 53: CR, LF, escape sequences, C1 controls and direction marks stay inside their string, escaped."""
    line = JsonLines().format(record("said %s", NASTY, error=raised(NASTY), field=NASTY, **{NASTY: 1}))
    assert line.isascii()
    assert line.isprintable()
    found = json.loads(line)
    assert found["message"] == "said " + NASTY
    assert found["field"].startswith("a\x7f\r\n")
    assert found["level"] == "warning"
    assert "RuntimeError" in found["traceback"]


def test_text_is_one_printable_line_and_a_visible_traceback() -> None:
    """Row 53."""
    lines = TextLines(colour=False).format(record("said %s", NASTY, field=NASTY, error=raised(NASTY))).split("\n")
    assert all(line.replace("\xa0", " ").isprintable() for line in lines)
    assert "said a\\x7f\\x0d\\x0a{" in lines[0]
    assert "field=a\\x7f\\x0d\\x0a" in lines[0]
    assert "\\x1b[2J\\x9b31m\\u202egnp" in lines[0]
    assert all(line.startswith("    ") for line in lines[1:])


def test_colour_only_on_request() -> None:
    assert "\x1b" in TextLines(colour=True).format(record("hello"))
    assert "\x1b" not in TextLines(colour=False).format(record("hello"))


def test_values_json_cannot_say_are_written_all_the_same() -> None:
    found = json.loads(JsonLines().format(record("x", thing=object(), number=1 << 80, deep={"a": {1: "\ud800"}})))
    assert "object object" in found["thing"]


def test_visible_leaves_what_is_printable() -> None:
    assert visible("héllo 世界") == "héllo 世界"
    assert visible("a\nb") == "a\\x0ab"
    assert visible("\U000e0041") == "\\U000e0041"


def test_lines_carry_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "requestId" not in json.loads(JsonLines().format(record("x")))
    set_request_id("req-7")
    try:
        assert request_id() == "req-7"
        assert json.loads(JsonLines().format(record("x")))["requestId"] == "req-7"
        assert "requestId=req-7" in TextLines(colour=False).format(record("x"))
    finally:
        set_request_id("-")
    assert new_request_id() != new_request_id()


def test_a_line_that_cannot_be_formatted_is_replaced() -> None:
    reader, writer = os.pipe()
    lines = LineWriter(writer)
    handler = LineHandler(lines)
    handler.setFormatter(JsonLines())
    handler.handle(record("%d", "not a number"))
    lines.close()
    os.close(writer)
    with os.fdopen(reader) as read:
        assert read.read() == "a log line from flowdesk.test could not be written: TypeError\n"


def test_a_reader_that_stops_reading_stops_nobody() -> None:
    """A full pipe costs lines, never time; the lost ones are counted."""
    reader, writer = os.pipe()
    lines = LineWriter(writer, max_waiting=10)
    start = time.perf_counter()
    for _ in range(1000):
        lines.write("x" * 1000)
    assert time.perf_counter() - start < 5
    text = bytearray()

    def drain() -> None:
        while chunk := os.read(reader, 65_536):
            text.extend(chunk)

    thread = threading.Thread(target=drain)
    thread.start()
    lines.close(10)
    os.close(writer)
    thread.join()
    os.close(reader)
    assert b"log lines were dropped" in text
    assert all(line == b"x" * 1000 or b"dropped" in line for line in text.splitlines())


def test_closing_with_nobody_reading_ends_in_time() -> None:
    reader, writer = os.pipe()
    lines = LineWriter(writer, max_waiting=2)
    for _ in range(200):
        lines.write("x" * 1000)
    start = time.perf_counter()
    lines.close(0.2)
    assert time.perf_counter() - start < 5
    os.close(reader)  # the thread's write ends with EPIPE
    lines._thread.join(5)
    assert not lines._thread.is_alive() or sys.platform == "darwin"
    with contextlib.suppress(OSError):
        os.close(writer)
