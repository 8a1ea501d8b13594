"""The lifeline: whatever stdin is, its end is noticed once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from server.lifeline import hold


async def ended(descriptor: int) -> bool:
    done = asyncio.Event()
    hold(descriptor, done.set)
    async with asyncio.timeout(5):
        await done.wait()
    return True


async def test_a_closed_pipe() -> None:
    reader, writer = os.pipe()
    done = asyncio.Event()
    hold(reader, done.set)
    os.write(writer, b"ignored\n" * 1000)
    await asyncio.sleep(0.05)
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
