"""Looking for patterns in a process of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flowdesk.tui.patterns import PatternSearch, TooSlowError

ENDLESS = r"(a+)+$"
TRAP = "a" * 60 + "!"


def children() -> set[str]:
    """The processes started by this one that are not over."""
    return set(Path("/proc/thread-self/children").read_text().split())


async def test_places_are_those_of_the_first_match_in_any_case() -> None:
    search = PatternSearch()
    try:
        assert await search.find("b+", ["abBb", "", "xyz", "日b"]) == [(1, 4), None, None, (1, 2)]
        assert await search.find("^$", ["", "\ud800"]) == [(0, 0), None]
    finally:
        await search.close()


async def test_what_takes_too_long_is_ended_and_the_next_search_works() -> None:
    before = children()
    search = PatternSearch(limit_s=0.3)
    with pytest.raises(TooSlowError):
        await search.find(ENDLESS, [TRAP])
    assert children() == before, "the child is gone"
    search = PatternSearch()
    assert await search.find("a", ["ba"]) == [(1, 2)]
    await search.close()
    assert children() == before


async def test_giving_up_a_search_ends_its_child_and_leaves_others_alone() -> None:
    before = children()
    search = PatternSearch(limit_s=60)
    slow = asyncio.create_task(search.find(ENDLESS, [TRAP]))
    await asyncio.sleep(0)
    assert await search.find("a", ["ba"]) == [(1, 2)]
    assert not slow.done(), "a slow search holds up nobody"
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    await search.close()
    assert children() == before
