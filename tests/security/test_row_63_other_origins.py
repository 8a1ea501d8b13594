"""Row 63: pages of other origins cannot read answers, with or without a token; nothing says that they may."""

from __future__ import annotations

import re

from server.app import all_routes
from tests.server.live import UNKNOWN, Live, Person, greet, webhook

ORIGIN = {"Origin": "https://evil.example"}


def _opened(headers: object) -> list[str]:
    return [name for name in headers if name.lower().startswith("access-control-")]  # type: ignore[attr-defined]


async def test_no_answer_is_for_pages_of_another_origin(server: Live, ali: Person) -> None:
    """Row 63: not a good answer, not a refusal, and not what a browser asks beforehand."""
    wish = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for route in all_routes():
        if route.path.endswith("/events"):
            continue
        path = re.sub(r"\{\w+\}", UNKNOWN, route.path)
        asked = await server.call("OPTIONS", path, headers=ORIGIN | wish)
        assert asked.status >= 400, path
        assert _opened(asked.headers) == [], path
        if route.method == "GET":
            assert _opened((await ali.call("GET", path, headers=ORIGIN)).headers) == [], path


async def test_neither_is_that_of_a_webhook(server: Live, ali: Person) -> None:
    """Row 63: calling one is open to whoever knows its address, reading the answer is not."""
    workflow = await ali.save(webhook("greet"), greet())
    called = await server.call("POST", f"/api/hooks/{workflow}", {"name": "Ali"}, headers=ORIGIN)
    assert called.status == 202
    assert _opened(called.headers) == []


async def test_no_cookie_is_ever_set(server: Live, ali: Person) -> None:
    """Row 63: a browser has nothing it would send along by itself, so no page can act for who is logged in."""
    for path in ("/", "/api/me", "/api/docs", "/api/workflows", f"/api/runs/{UNKNOWN}"):
        assert "Set-Cookie" not in (await ali.call("GET", path)).headers
