"""Redirects: what is followed, with which method, and what is left behind."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from tests.plugins.http.conftest import Call
from tests.plugins.http.servers import friendly, tell
from tests.plugins.support import Recorder

SECRETS = {"X-Api-Key": "k", "Cookie": "c=1", "Accept-Language": "en"}


def redirecting(status: int, location: str) -> Any:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/end":
            return await tell(request)
        return web.Response(status=status, headers={"Location": location.replace("PORT", str(request.url.port))})

    return answer


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (302, "GET", "GET"),
    ],
)
async def test_method_and_body_at_a_redirect(call: Call, status: int, method: str, then: str) -> None:
    async with friendly(redirecting(status, "/end")) as port:
        result = await call(
            url=f"http://127.0.0.1:{port}/start",
            method=method,
            headers=SECRETS,
            auth={"kind": "bearer", "token": "t"},
            body={"kind": "json", "value": 1},
        )
    told = result.data["body"]
    kept = method == then
    assert told["method"] == then
    assert told["body"] == ("1" if kept else "")
    assert told["headers"].get("content-type") == ("application/json" if kept else None)
    assert (told["headers"]["authorization"], told["headers"]["x-api-key"]) == ("Bearer t", "k")
    assert told["headers"]["idempotency-key"] == "run-1-step-1"


@pytest.mark.parametrize(
    "auth",
    [
        {"kind": "bearer", "token": "t"},
        {"kind": "basic", "username": "u", "password": "p"},
        {"kind": "header", "name": "X-Other-Key", "value": "v"},
    ],
)
async def test_another_origin_gets_no_credentials(call: Call, auth: dict[str, str]) -> None:
    """Row 59: credentials and the user's own headers stay with the origin they were meant for."""
    async with friendly() as other, friendly(redirecting(307, f"http://u:p@127.0.0.1:{other}/end")) as port:
        result = await call(
            url=f"http://127.0.0.1:{port}/",
            method="POST",
            headers=SECRETS,
            auth=auth,
            body={"kind": "json", "value": 1},
        )
    headers = result.data["body"]["headers"]
    assert set(headers) == {
        "host",
        "accept",
        "accept-encoding",
        "accept-language",
        "user-agent",
        "idempotency-key",
        "content-type",
        "content-length",
    }


async def test_credentials_do_not_come_back_on_the_way_home(call: Call) -> None:
    """Row 59: what was dropped once stays dropped, even if a redirect leads back."""
    home: dict[str, int] = {}

    async def away(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{home['port']}/end"})

    async with friendly(away) as other, friendly(redirecting(302, f"http://127.0.0.1:{other}/")) as port:
        home["port"] = port
        result = await call(url=f"http://127.0.0.1:{port}/", auth={"kind": "bearer", "token": "t"}, headers=SECRETS)
    assert result.data["body"]["path"] == "/end"
    assert "authorization" not in result.data["body"]["headers"]
    assert "x-api-key" not in result.data["body"]["headers"]


async def test_five_redirects_at_most(call: Call) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        left = int(request.path[1:])
        return web.Response(status=302, headers={"Location": f"/{left - 1}"}) if left else web.Response(text="end")

    async with friendly(answer) as port:
        five = await call(url=f"http://127.0.0.1:{port}/5")
        del asked[:]
        six = await call(url=f"http://127.0.0.1:{port}/6")
    assert (five.ok, five.data["body"]) == (True, "end")
    assert (six.ok, six.code, six.retryable) == (False, "http_redirects", False)
    assert asked == ["/6", "/5", "/4", "/3", "/2", "/1"]


async def test_redirects_are_answers_when_not_followed(call: Call, ctx: Recorder) -> None:
    async with friendly(redirecting(302, "/end")) as port:
        result = await call(url=f"http://127.0.0.1:{port}/", followRedirects=False)
        assert (result.ok, result.data["status"], result.data["headers"]["location"]) == (True, 302, "/end")
        assert ctx.lines == []
        strict = await call(url=f"http://127.0.0.1:{port}/", followRedirects=False, expectedStatus=["2xx"])
    assert (strict.ok, strict.code, strict.retryable) == (False, "http_302", False)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://[", "http://a b/"])
async def test_a_redirect_to_nowhere_fails(call: Call, location: str) -> None:
    """Row 59: a redirect cannot leave http."""
    async with friendly(redirecting(302, location)) as port:
        result = await call(url=f"http://127.0.0.1:{port}/")
    assert (result.ok, result.code, result.retryable) == (False, "http_redirects", False)
    assert location not in (result.error or "")


async def test_a_redirect_without_location_is_an_answer(call: Call) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, text="nowhere")

    async with friendly(answer) as port:
        result = await call(url=f"http://127.0.0.1:{port}/")
    assert (result.data["status"], result.data["body"]) == (302, "nowhere")


async def test_the_log_says_where_it_went(call: Call, ctx: Recorder) -> None:
    async with friendly(redirecting(302, "/end?token=hidden")) as port:
        await call(url=f"http://127.0.0.1:{port}/")
    assert [(line.level, line.message) for line in ctx.lines] == [
        ("debug", f"redirected to GET http://127.0.0.1:{port}")
    ]
