"""Rows 59, 60: outgoing calls of a run, against services that want to send it elsewhere or to say more than it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.plugins.http.servers import friendly
from tests.security.echo import Echo
from tests.server.live import Live, action, live, webhook

SPELLINGS = (
    "http://127.0.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://localhost:{port}/",
    "http://0.0.0.0:{port}/",
    "http://169.254.169.254/latest/meta-data/",
)


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Live]:
    """A server whose steps reach public addresses only, as it is without any setting."""
    async with live(tmp_path / "closed", egress_allow="") as running:
        yield running


async def test_no_spelling_of_a_private_address_is_called(closed: Live, echo: Echo) -> None:
    """Row 59: the step fails with what the operator can open, and the service never hears of it."""
    ali = await closed.person("ali")
    call = action("call", "http.request", params={"url": "{{data.url}}", "timeoutMs": 5000})
    workflow = await ali.save(webhook("call"), call)
    for spelling in SPELLINGS:
        run = await ali.run(workflow, url=spelling.format(port=echo.port))
        assert run["status"] == "FAILED"
        assert run["error"]["code"] in ("http_refused_address", "http_bad_url"), spelling
    assert echo.heard == []


async def test_a_redirect_leads_to_no_private_address(server: Live, echo: Echo) -> None:
    """Row 59: what the first hop may be, the second may not."""
    ali = await server.person("ann")
    heard: list[str] = []

    async def inner(request: web.Request) -> web.StreamResponse:
        heard.append(request.path)
        return web.Response()

    async with friendly(inner, host="127.0.0.2") as port:
        url = echo.url(f"/to?where=http://127.0.0.2:{port}/")
        call = action("call", "http.request", params={"url": url, "timeoutMs": 5000})
        run = await ali.run(await ali.save(webhook("call"), call))
    assert run["error"]["code"] == "http_refused_address"
    assert (len(echo.heard), heard) == (1, [])


async def test_no_value_begins_a_header_or_a_request_of_its_own(server: Live, echo: Echo) -> None:
    """Row 60: in a header's value, its name, the path and the query."""
    ali = await server.person("ann")
    evil = "x\r\nEvil: 1\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n"
    for more in (
        {"url": echo.url(), "headers": {"X-Said": "{{data.said}}"}},
        {"url": echo.url(), "headers": {"{{data.said}}": "x"}},
        {"url": echo.url("/") + "{{data.said}}"},
        {"url": echo.url("/?q={{data.said}}")},
    ):
        call = action("call", "http.request", params={"timeoutMs": 5000, **more})
        answer = await ali.call("POST", "/api/workflows", {"name": "w", "steps": [webhook("call"), call]})
        if answer.status == 201:
            await ali.run(answer.json["id"], said=evil)
        else:
            assert answer.status == 422
    assert not [text for text in echo.heard if text.startswith("GET /evil") or "\nEvil: 1" in text]
