"""What one way of calling costs more than another: requests of all ways take turns on one connection.

Rounds of load come one after the other, and a machine that others use differs by a tenth from one to the next. Here
every way meets the same moments, so that differences of a hundredth show after some thousand requests.
"""

from __future__ import annotations

import random
import re
import socket
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bench.load import NUMBER

KEPT: Final = 0.9
"""The slowest requests are left out: they tell of whatever else happened."""
_TIMEOUT_S: Final = 30.0
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END: Final = b"\r\n\r\n"


@dataclass(slots=True, frozen=True)
class Turn:
    """What one way took: mean of the kept requests, and how far it may be off (one standard error); microseconds."""

    mean_us: float
    error_us: float


def take_turns(url: str, ways: Mapping[str, bytes], count: int, *, warmup: int = 50) -> dict[str, Turn]:
    """Send so many requests of each way, in an order that changes; RuntimeError for an answer that is no 2xx."""
    parts = urlsplit(url)
    taken: dict[str, list[int]] = {name: [] for name in ways}
    order = list(ways)
    with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), timeout=_TIMEOUT_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for turn in range(count + warmup):
            random.shuffle(order)
            for name in order:
                request = ways[name].replace(NUMBER, b"%d-%d" % (time.time_ns(), turn))
                begun = time.perf_counter_ns()
                connection.sendall(request)
                _read(connection, name)
                if turn >= warmup:
                    taken[name].append(time.perf_counter_ns() - begun)
    return {name: _turn(found) for name, found in taken.items()}


def _read(connection: socket.socket, name: str) -> None:
    answer = b""
    while (head := answer.find(_HEAD_END)) < 0 or len(answer) < head + 4 + _length(answer, head):
        chunk = connection.recv(65_536)
        if not chunk:
            raise RuntimeError(f"the server ended the connection at {name!r}")
        answer += chunk
    if answer[9:10] != b"2":
        raise RuntimeError(f"{name!r} was answered {answer[:200].decode('utf-8', 'replace')}")


def _length(answer: bytes, head: int) -> int:
    found = _LENGTH.search(answer, 0, head)
    if found is None:
        raise RuntimeError("an answer without Content-Length")
    return int(found[1])


def _turn(nanoseconds: Sequence[int]) -> Turn:
    kept = [taken / 1000 for taken in sorted(nanoseconds)[: max(2, int(len(nanoseconds) * KEPT))]]
    return Turn(statistics.fmean(kept), statistics.stdev(kept) / len(kept) ** 0.5 if len(kept) > 1 else 0.0)
