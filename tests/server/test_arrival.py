"""Steps that have to wait for a store: each is done once, and only what may mend itself is tried again."""

from __future__ import annotations

import asyncio
import logging

import pytest

from engine.errors import FlowDeskError, Unavailable, Unreachable, Unusable
from server import arrival
from server.arrival import Arrival, Step


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here waits for seconds."""
    monkeypatch.setattr(arrival, "AT_ONCE_S", 0.2)
    monkeypatch.setattr(arrival, "PAUSE_S", 0.001)


class Steps:
    """Notes the steps taken; each fails with its errors first."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def step(self, name: str, *errors: Exception) -> Step:
        """A step of this name."""
        left = list(errors)

        async def take() -> None:
            self.taken.append(name)
            if left:
                raise left.pop(0)

        return take


async def test_nothing_waits_when_everything_is_there() -> None:
    steps = Steps()
    found = Arrival(steps.step("open"), steps.step("begin"), patient=True)
    before = found.trouble
    await found.start()
    await found.wait()
    assert before is not None
    assert (found.over, found.trouble) == (True, None)
    await found.stop()
    assert steps.taken == ["open", "begin"]


async def test_what_mends_itself_is_tried_again_and_nothing_twice(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    steps = Steps()
    away = [Unreachable("nobody listens") for _ in range(3)]
    found = Arrival(
        steps.step("open", *away), steps.step("begin", Unavailable("gone again")), steps.step("tell"), patient=True
    )
    await found.start()
    assert str(found.trouble) == "nobody listens"
    async with asyncio.timeout(5):
        await found.wait()
    assert found.over
    assert steps.taken == ["open"] * 4 + ["begin"] * 2 + ["tell"]
    said = [record.getMessage() for record in caplog.records]
    assert [line.rpartition(": ")[2] for line in said[:2]] == ["nobody listens", "gone again"]
    assert len(said) == 3
    assert said[2].startswith("everything is there after")


@pytest.mark.parametrize("first", [[], [Unreachable("nobody listens")]])
async def test_what_no_waiting_can_mend_is_raised_at_once_or_later(first: list[FlowDeskError]) -> None:
    found = Arrival(Steps().step("open", *first, Unusable("too new")), patient=True)

    async def both() -> None:
        await found.start()
        await found.wait()

    with pytest.raises(Unusable, match="too new"):
        await asyncio.wait_for(both(), 5)
    assert not found.over


async def test_without_patience_the_first_trouble_counts() -> None:
    steps = Steps()
    found = Arrival(steps.step("open", Unreachable("nobody listens")), patient=False)
    with pytest.raises(Unreachable):
        await found.start()
    assert steps.taken == ["open"]


async def test_a_store_that_takes_its_time_is_opened_once() -> None:
    """Making indexes may take minutes; a start does not last that long."""
    there = asyncio.Event()
    steps = Steps()

    async def slow() -> None:
        steps.taken.append("open")
        await there.wait()

    found = Arrival(slow, steps.step("begin"), patient=True)
    await found.start()
    assert steps.taken == ["open"]
    assert found.trouble is not None
    there.set()
    async with asyncio.timeout(5):
        await found.wait()
    assert steps.taken == ["open", "begin"]


async def test_told_to_stop_it_leaves_the_step_it_waits_in() -> None:
    left = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    found = Arrival(endless, patient=True)
    await found.start()
    await found.stop()
    assert left.is_set()
    assert not found.over
