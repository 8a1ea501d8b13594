"""The load client: keep-alive connections that each send the next request when the last was answered.

Runs as a process of its own so that it never shares an event loop with what it measures:

    python -m bench.load --url http://127.0.0.1:4000/api/hooks/ID --connections 16 --seconds 5 --body '{"a": 1}'

Prints one JSON object. Raw sockets under uvloop, since an HTTP client library would cost more than what
is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from typing import Final, cast
from urllib.parse import urlsplit

import uvloop

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END: Final = b"\r\n\r\n"
NUMBER: Final = b"{n}"
"""What stands in a header for something that no other request has."""


class Tally:
    """What all connections have seen since the warm-up ended."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sent = 0
        self.latencies: list[int] = []
        self.bad: dict[str, int] = {}
        self.counting = False
        self.stopped = False

    def may_send(self) -> bool:
        """Whether one more request is wanted; counts it."""
        if self.stopped or (self.limit and self.sent >= self.limit):
            return False
        self.sent += 1
        return True

    def note(self, status: bytes, nanoseconds: int) -> None:
        """Take an answer in."""
        if not self.counting:
            return
        if status.startswith(b"2"):
            self.latencies.append(nanoseconds)
        else:
            self.fail(status.decode("ascii", "replace"))

    def fail(self, reason: str) -> None:
        """Take a failure in."""
        self.bad[reason] = self.bad.get(reason, 0) + 1


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, request: bytes, tally: Tally) -> None:
        self._request, self._numbered = request, NUMBER in request
        self._tally = tally
        self._buffer = b""
        self._started = 0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, which does not inherit from it
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        if not self._tally.may_send():
            self._transport.close()
            return
        self._started = time.perf_counter_ns()
        request = self._request
        if self._numbered:
            request = request.replace(NUMBER, b"%d-%d" % (time.time_ns(), self._tally.sent))
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Wait for the whole answer, note it, go on."""
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(_HEAD_END)
        if head < 0:
            return
        found = _LENGTH.search(self._buffer, 0, head)
        if found is None:
            self._tally.fail("an answer without Content-Length")
            self._close()
            return
        if len(self._buffer) < head + 4 + int(found[1]):
            return
        self._tally.note(self._buffer[9:12], time.perf_counter_ns() - self._started)
        self._buffer = b""
        self._send()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection the server ended while an answer was owed."""
        if exc is not None:
            self._tally.fail(type(exc).__name__)
        if not self.done.done():
            self.done.set_result(None)


def request_bytes(url: str, method: str, body: bytes, headers: list[str]) -> bytes:
    """The one request every connection repeats."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + _HEAD_END + body


async def load(
    url: str, request: bytes, *, connections: int, seconds: float, warmup: float, requests: int = 0
) -> dict[str, object]:
    """Drive the URL; `requests` ends it early (and then nothing is left out as warm-up)."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    loop = asyncio.get_running_loop()
    tally = Tally(requests)
    tally.counting = warmup == 0
    opened = await asyncio.gather(
        *(loop.create_connection(lambda: Connection(request, tally), host, port) for _ in range(connections))
    )
    everyone = asyncio.gather(*(protocol.done for _, protocol in opened))
    if warmup:
        await asyncio.wait({everyone}, timeout=warmup)
        tally.counting = True
    begun = time.perf_counter()
    await asyncio.wait({everyone}, timeout=seconds)
    took = time.perf_counter() - begun
    tally.counting = False
    tally.stopped = True
    # Answers still owed are waited for, so that the server measured next starts from rest.
    finished, _ = await asyncio.wait({everyone}, timeout=35)
    if not finished:
        tally.fail("no answer for 35 s")
    return summary(tally, took)


def summary(tally: Tally, took: float) -> dict[str, object]:
    """Rate and latencies, the latter in milliseconds."""
    ordered = sorted(tally.latencies)

    def percentile(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e6, 3) if ordered else 0.0

    return {
        "requests": len(ordered),
        "sent": tally.sent,
        "seconds": round(took, 4),
        "rate": round(len(ordered) / took, 1) if took else 0.0,
        "p50": percentile(0.50),
        "p99": percentile(0.99),
        "worst": percentile(1.0),
        "bad": tally.bad,
    }


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--method", default="POST")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--warmup", type=float, default=0.0)
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--body", default="")
    parser.add_argument("--header", action="append", default=[])
    args = parser.parse_args()
    request = request_bytes(args.url, args.method, args.body.encode(), args.header)
    result = uvloop.run(
        load(
            args.url,
            request,
            connections=args.connections,
            seconds=args.seconds,
            warmup=args.warmup,
            requests=args.requests,
        )
    )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
