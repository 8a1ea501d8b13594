"""The watchdog: a step that blocks the loop is named while it does."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from server.watchdog import Watchdog


def a_plugin_that_blocks(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


@pytest.fixture
def watched() -> Iterator[list[Watchdog]]:
    dogs: list[Watchdog] = []
    yield dogs
    for dog in dogs:
        dog.stop()


async def test_what_blocks_the_loop_is_named_once(watched: list[Watchdog], caplog: pytest.LogCaptureFixture) -> None:
    """Row 33."""
    dog = Watchdog(patience_s=0.2)
    watched.append(dog)
    dog.start()
    a_plugin_that_blocks(0.8)
    await asyncio.sleep(0)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "nothing is served for" in record.getMessage()
    assert "a_plugin_that_blocks" in str(record.__dict__["fields"]["stack"])


async def test_a_loop_that_works_is_left_alone(watched: list[Watchdog], caplog: pytest.LogCaptureFixture) -> None:
    dog = Watchdog(patience_s=2)
    watched.append(dog)
    dog.start()
    for _ in range(50):
        await asyncio.sleep(0.01)
    assert [record for record in caplog.records if record.levelno == logging.ERROR] == []


async def test_it_leaves_nothing_behind() -> None:
    dog = Watchdog(patience_s=0.2)
    dog.start()
    dog.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "watchdog"]
