"""When the loop gives way to the store's threads, and when it does not."""

from __future__ import annotations

import asyncio
import time

from engine.stores.lender import Lender


async def _without_rest(seconds: float) -> None:
    """Keep the loop busy with short callbacks."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:  # noqa: ASYNC110 - busy on purpose
        await asyncio.sleep(0)


async def test_the_loop_gives_way_while_somebody_waits_in_vain() -> None:
    lender = Lender()
    lender.asked(asyncio.get_running_loop())
    while lender.lent < 3:
        await _without_rest(0.005)
    assert lender.waiting == 1
    lender.close()
    lent = lender.lent
    await _without_rest(0.02)
    assert lender.lent == lent


async def test_the_loop_does_not_give_way_when_nobody_waits() -> None:
    lender = Lender()
    loop = asyncio.get_running_loop()
    lender.asked(loop)
    lender.answered()
    await _without_rest(0.02)
    assert (lender.waiting, lender.lent) == (0, 0)
    lender.asked(loop)
    lender.asked(loop)
    lender.answered(2)
    await _without_rest(0.02)
    assert (lender.waiting, lender.lent) == (0, 0)


async def test_the_loop_does_not_give_way_while_answers_come() -> None:
    """Under load somebody always waits; giving way all the time would cost a part of every second."""
    lender = Lender()
    loop = asyncio.get_running_loop()
    lender.asked(loop)
    ticks = 0
    end = time.perf_counter() + 0.2
    while time.perf_counter() < end:
        lender.asked(loop)
        lender.answered()
        ticks += 1
        await asyncio.sleep(0)
    assert lender.lent < 10
    assert ticks > 100
    lender.close()
