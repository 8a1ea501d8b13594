"""Row 45: checking passwords is expensive on purpose, and cannot be used to keep a server busy."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from server import passwords
from tests.server.live import live


async def test_a_flood_of_logins_is_sent_away_and_others_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 45: hashing has two threads and a short queue; everything else goes on."""
    monkeypatch.setattr(passwords, "MAX_WAITING", 4)
    async with live(tmp_path, bcrypt_cost=12) as server:
        flood = [
            asyncio.ensure_future(
                server.call("POST", "/api/auth/login", {"email": f"u{number}@example.com", "password": "wrong1"})
            )
            for number in range(30)
        ]
        await asyncio.sleep(0)
        start = time.perf_counter()
        assert (await server.call("GET", "/healthz")).status == 200
        assert time.perf_counter() - start < 5
        answers = await asyncio.gather(*flood)
        sent_away = [answer for answer in answers if answer.status == 503]
        assert len(sent_away) >= 20
        assert {answer.code for answer in sent_away} == {"too_many_logins"}
        assert all("Retry-After" in answer.headers for answer in sent_away)
