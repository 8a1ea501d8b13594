"""Rate limits counted by two whole servers over one MongoDB and one Redis."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from tests.server.live import Answer, greet, live, webhook

STRONG = "Zk3vQ9xP7mT2rW8sL4nB6hJ1cF5gD0aE"
LIMIT = 6


def left(answer: Answer) -> int:
    """How many more would be let in, as the answer's header says it of the webhook."""
    found = re.search(r'"hook";r=(\d+);t=\d+', answer.headers["RateLimit"])
    assert found is not None
    return int(found[1])


async def test_a_webhook_may_be_called_so_often_whichever_server_is_asked(
    tmp_path: Path, mongo_url: str, redis_url: str
) -> None:
    """Row 20: the servers take from one bucket, say the same of it, and refuse together."""
    settings: dict[str, Any] = {
        "mongo_url": mongo_url,
        "redis_url": redis_url,
        "jwt_secret": STRONG,
        "secrets_key": base64.b64encode(bytes(range(32))).decode(),
        "rate_hook": f"{LIMIT}/h",
    }
    async with live(tmp_path / "one", **settings) as one, live(tmp_path / "two", **settings) as two:
        ali = await one.person("ali")
        path = f"/api/hooks/{await ali.save(webhook('greet'), greet())}"
        answers = [await (one, two)[number % 2].call("POST", path, {}) for number in range(LIMIT)]
        assert [answer.status for answer in answers] == [202] * LIMIT
        assert [left(answer) for answer in answers] == list(range(LIMIT - 1, -1, -1))
        assert {answer.headers["RateLimit-Policy"] for answer in answers} == {f'"hook";q={LIMIT};w=3600'}
        for server in (one, two):
            refused = await server.call("POST", path, {})
            assert (refused.status, refused.code) == (429, "rate_limited")
            assert 0 < int(refused.headers["Retry-After"]) <= 3600 // LIMIT
        runs = await ali.get("/api/runs")
        assert len(runs) == LIMIT
