"""Server-sent events: bytes to messages, as the WHATWG specification describes the format. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flowdesk.errors import BadReply

MAX_MESSAGE: Final = 8 * 1024 * 1024
"""A longer message is taken for something that is not an event stream."""


@dataclass(slots=True, frozen=True)
class Message:
    """One dispatched event; `id` is the last id seen so far."""

    event: str
    data: str
    id: str


class Parser:
    """Feed it chunks as they arrive; it gives the messages they complete.

    `last_id` and `retry_ms` are what the next connection should use.
    """

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry_ms: int | None = None
        self._rest = b""
        self._event = ""
        self._data: list[str] = []
        self._size = 0
        self._id = last_id

    def reset(self) -> None:
        """Forget half a message: a new connection begins."""
        self._rest, self._event, self._data, self._size, self._id = b"", "", [], 0, self.last_id

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages completed by this chunk; BadReply when one grows beyond every measure."""
        buffer = self._rest + chunk
        if len(buffer) + self._size > MAX_MESSAGE:
            raise BadReply("the event stream sent a message that is too long")
        # A CR at the very end may be the first half of CRLF: it waits for the next chunk.
        held = b"\r" if buffer.endswith(b"\r") else b""
        lines = buffer[: len(buffer) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        return [message for line in lines if (message := self._line(line.decode("utf-8", "replace"))) is not None]

    def _line(self, line: str) -> Message | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._size += len(line)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isdecimal():
            self.retry_ms = int(value)
        return None

    def _dispatch(self) -> Message | None:
        event, data = self._event, self._data
        self.last_id = self._id  # only now: a message cut off before its end must come again
        self._event, self._data, self._size = "", [], 0
        if not data and event != "end":
            return None
        return Message(event or "message", "\n".join(data), self.last_id)
