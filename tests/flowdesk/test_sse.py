"""The event stream format, whatever the network does to it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdesk.errors import BadReply
from flowdesk.sse import MAX_MESSAGE, Message, Parser

STREAM = (
    b"retry: 2000\r\n\r\n"
    b": beat\n\n"
    b'id: 1\nevent: run.started\ndata: {"a": 1}\n\n'
    b"id: 2\ndata: one\ndata: two\n\n"
    b"data:no blank\n\n"
    b"event: nothing\n\n"
    b"event: end\n\n"
)
MESSAGES = [
    Message("run.started", '{"a": 1}', "1"),
    Message("message", "one\ntwo", "2"),
    Message("message", "no blank", "2"),
    Message("end", "", "2"),
]


def test_a_stream_is_read() -> None:
    parser = Parser()
    assert parser.feed(STREAM) == MESSAGES
    assert parser.retry_ms == 2000
    assert parser.last_id == "2"


@given(st.lists(st.integers(0, len(STREAM))))
def test_it_does_not_matter_where_chunks_end(cuts: list[int]) -> None:
    parser = Parser()
    edges = [0, *sorted(cuts), len(STREAM)]
    found = [m for a, b in pairwise(edges) for m in parser.feed(STREAM[a:b])]
    assert found == MESSAGES


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_kinds(end: str) -> None:
    # A lone CR at the very end may be half of CRLF, so the message waits for what follows.
    assert Parser().feed(f"data: x{end}{end}:{end}".encode()) == [Message("message", "x", "")]


def test_a_new_connection_forgets_half_a_message_and_keeps_the_place() -> None:
    parser = Parser()
    parser.feed(b"id: 7\ndata: a\n\nid: 8\nevent: half\ndata: lost")
    parser.reset()
    assert parser.feed(b"data: b\n\n") == [Message("message", "b", "7")]


def test_an_id_with_nul_and_a_bad_retry_are_ignored() -> None:
    parser = Parser("3")
    parser.feed(b"id: a\0b\nretry: soon\ndata: x\n\n")
    assert parser.last_id == "3"
    assert parser.retry_ms is None


def test_an_endless_message_is_refused() -> None:
    parser = Parser()
    piece = b"data: " + b"x" * (MAX_MESSAGE // 2) + b"\n"
    assert parser.feed(piece) == []
    with pytest.raises(BadReply):
        parser.feed(piece)
