"""Passwords: limits before any hashing, equal time for everybody, a pool that cannot be flooded."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from engine.errors import Invalid
from server import passwords
from server.passwords import MAX_BYTES, UNUSABLE, Passwords, TooMany


@pytest.fixture
async def quick() -> AsyncIterator[Passwords]:
    made = Passwords(4)
    yield made
    made.close()


@pytest.mark.parametrize("password", ["abc123", "ключ-5", "a\x00b\x00c1", "🔑" * 18, " " * 6, "x" * MAX_BYTES])
async def test_round_trip(quick: Passwords, password: str) -> None:
    stored = await quick.hash(password)
    assert await quick.matches(password, stored)
    assert not await quick.matches(password[:-1] + "?", stored)


@pytest.mark.parametrize(
    ("character", "times", "code"),
    [
        ("", 1, "too_short"),
        ("1", 5, "too_short"),
        ("x", 73, "too_long"),
        ("🔑", 19, "too_long"),
        ("x", 10**5, "too_long"),
    ],
)
async def test_length_is_checked_before_hashing(quick: Passwords, character: str, times: int, code: str) -> None:
    """Row 45: bytes are counted, not characters, and 100 kB cost nothing."""
    password = character * times
    for refused in (quick.hash(password), quick.matches(password, None)):
        with pytest.raises(Invalid) as caught:
            await refused
        assert caught.value.problems[0].code == code


async def test_nobody_matches_without_a_usable_hash(quick: Passwords) -> None:
    assert not await quick.matches("abc123", None)
    assert not await quick.matches("abc123", UNUSABLE)


async def test_no_account_takes_as_long_as_a_wrong_password() -> None:
    """Row 43: the time does not tell whether there is an account."""
    real = Passwords(10)
    stored = await real.hash("abc123")
    taken: dict[str | None, list[float]] = {stored: [], None: [], UNUSABLE: []}
    for _ in range(5):
        for against, times in taken.items():
            before = time.process_time()  # the processor's time: other tests take turns with this one
            assert not await real.matches("wrong1", against)
            times.append(time.process_time() - before)
    real.close()
    known = min(taken[stored])
    for against in (None, UNUSABLE):
        assert 0.5 < min(taken[against]) / known < 2


async def test_the_pool_is_bounded(quick: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 45: beyond a few waiting logins the rest is sent away at once, and later ones work again."""
    monkeypatch.setattr(passwords, "MAX_WAITING", 5)
    gate = threading.Event()
    blocked = [asyncio.ensure_future(quick._run(gate.wait)) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await quick.hash("abc123")
    gate.set()
    assert await asyncio.gather(*blocked) == [True] * 5
    assert await quick.hash("abc123")


def test_hashes_of_another_cost_are_outdated() -> None:
    made = Passwords(11)
    assert made.outdated("$2b$10$" + "." * 53)
    assert not made.outdated("$2b$11$" + "." * 53)
    made.close()
