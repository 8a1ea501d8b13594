"""Looks for a pattern in many lines and never stops the screen: a child process does it, ended when it is slow."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from flowdesk.tui.draw.logline import Span

LIMIT_S: Final = 2.0
"""How long one batch of lines may take: a thousand times what an ordinary pattern needs."""
_ANSWER_BYTES: Final = 2**22
_CHILD: Final = Path(__file__).with_name("pattern_child.py")


class TooSlowError(Exception):
    """The pattern needs longer than it may."""


class PatternSearch:
    """Keeps one child process at hand, started when it is first needed; `close` ends it."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._idle: Process | None = None

    async def find(self, pattern: str, texts: Sequence[str]) -> list[Span | None]:
        """Where the pattern, which must compile, is first found in each text; TooSlowError when that takes too long.

        A child is used by one search at a time. When the search is given up its child is ended, because the next
        answer would be the one to this request.
        """
        process, self._idle = self._idle or await _start(), None
        answered = False
        try:
            async with asyncio.timeout(self._limit_s):
                answer = await _ask(process, json.dumps([pattern, texts]).encode() + b"\n")
            answered = self._idle is None
        except (TimeoutError, ConnectionError):
            raise TooSlowError from None
        finally:
            if answered:
                self._idle = process
            else:
                await _end(process)
        places: list[Span | None] = [None] * len(texts)
        for index, start, end in json.loads(answer):
            places[index] = (start, end)
        return places

    async def close(self) -> None:
        """End the child that is at hand."""
        process, self._idle = self._idle, None
        if process is not None:
            await _end(process)


async def _start() -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-W", "ignore", str(_CHILD)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=_ANSWER_BYTES,
    )


async def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _ask(process: Process, request: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101 - both are pipes, see _start
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(request)
    await process.stdin.drain()
    answer = await process.stdout.readline()
    if not answer.endswith(b"\n"):
        raise TooSlowError
    return answer
