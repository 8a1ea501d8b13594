"""The lifeline: whatever stdin is, its end is noticed once."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
import termios
from pathlib import Path

from server.lifeline import hold


async def ended(descriptor: int) -> bool:
    done = asyncio.Event()
    hold(descriptor, done.set)
    async with asyncio.timeout(5):
        await done.wait()
    return True


def _unread(descriptor: int) -> int:
    """How many bytes wait in the pipe."""
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


async def test_a_closed_pipe() -> None:
    reader, writer = os.pipe()
    done = asyncio.Event()
    hold(reader, done.set)
    os.write(writer, b"ignored\n" * 1000)
    async with asyncio.timeout(5):
        while _unread(reader):  # noqa: ASYNC110 - a thread reads it
            await asyncio.sleep(0.005)
    assert not done.is_set()
    os.close(writer)
    async with asyncio.timeout(5):
        await done.wait()
    os.close(reader)


async def test_files_and_nothing_at_all_end_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for name in (str(tmp_path / "file"), os.devnull):
        descriptor = os.open(name, os.O_RDONLY)
        assert await ended(descriptor)
        os.close(descriptor)
    assert await ended(-1)
