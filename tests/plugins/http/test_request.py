from __future__ import annotations

import asyncio
import base64
import socket
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from engine.sdk import Host
from plugins.http.client import open_client
from plugins.http.params import RequestParams
from plugins.http.request import request
from tests.plugins.http.conftest import Call
from tests.plugins.http.servers import friendly, raw, says
from tests.plugins.support import Recorder


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "M-SEARCH"])
async def test_sends_every_method(call: Call, method: str) -> None:
    async with friendly() as port:
        result = await call(url=f"http://127.0.0.1:{port}/x", method=method.lower())
    assert result.ok
    assert result.data["body"]["method"] == method


async def test_head_has_no_body(call: Call) -> None:
    async with friendly() as port:
        result = await call(url=f"http://127.0.0.1:{port}/", method="HEAD", response="json")
    assert (result.ok, result.data["status"], result.data["body"]) == (True, 200, None)


async def test_output_has_status_headers_and_body(call: Call) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        response = web.json_response({"id": 7}, status=201, headers={"X-Thing": "a"})
        response.headers.add("X-Thing", "b")
        response.set_cookie("one", "1")
        response.set_cookie("two", "2")
        return response

    async with friendly(answer) as port:
        result = await call(url=f"http://127.0.0.1:{port}/", method="POST")
    assert set(result.data) == {"status", "headers", "body"}
    assert (result.data["status"], result.data["body"]) == (201, {"id": 7})
    assert result.data["headers"]["x-thing"] == "a, b"
    assert [cookie.split(";")[0] for cookie in result.data["headers"]["set-cookie"]] == ["one=1", "two=2"]


async def test_every_request_carries_the_idempotency_key_of_the_step(call: Call) -> None:
    """R5: the same key for every execution of the step."""
    async with friendly() as port:
        url = f"http://127.0.0.1:{port}/"
        first = await call(url=url, method="POST")
        again = await call(url=url, method="POST")
        own = await call(url=url, headers={"idempotency-key": "mine"})
        none = await call(url=url, idempotencyKey=False)
    keys = [result.data["body"]["headers"].get("idempotency-key") for result in (first, again, own, none)]
    assert keys == ["run-1-step-1", "run-1-step-1", "mine", None]


async def test_names_itself_and_takes_headers(call: Call) -> None:
    async with friendly() as port:
        result = await call(
            url=f"http://127.0.0.1:{port}/", headers={"X-Number": 5, "X-Flag": True, "X-None": None, "Accept": "a/b"}
        )
    headers = result.data["body"]["headers"]
    assert headers["user-agent"] == "FlowDesk"
    assert (headers["x-number"], headers["x-flag"], headers["accept"]) == ("5", "true", "a/b")
    assert "x-none" not in headers


async def test_adds_the_query_to_the_one_of_the_url(call: Call) -> None:
    async with friendly() as port:
        result = await call(
            url=f"http://127.0.0.1:{port}/a%2Fb?x=1",
            query={"q": "a&b=c+d é", "tag": ["a", 2], "on": True, "no": None, "empty": ""},
        )
    told = result.data["body"]
    assert told["path"].startswith("/a%2Fb?x=1&")
    assert told["query"] == [["x", "1"], ["q", "a&b=c+d é"], ["tag", "a"], ["tag", "2"], ["on", "true"], ["empty", ""]]


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        (
            {"kind": "basic", "username": "ali", "password": "pä:ss"},
            "authorization",
            "Basic " + base64.b64encode("ali:pä:ss".encode()).decode(),
        ),
        ({"kind": "bearer", "token": "t0ken"}, "authorization", "Bearer t0ken"),
        ({"kind": "header", "name": "X-Api-Key", "value": "k"}, "x-api-key", "k"),
        ({"kind": "none"}, "authorization", None),
    ],
)
async def test_logs_in(call: Call, auth: dict[str, Any], name: str, value: str | None) -> None:
    async with friendly() as port:
        result = await call(url=f"http://127.0.0.1:{port}/", auth=auth)
    assert result.data["body"]["headers"].get(name) == value


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (404, False), (408, True), (425, True), (429, True), (500, True), (503, True), (418, False)],
)
async def test_unexpected_status_fails_and_keeps_the_answer(call: Call, status: int, retryable: bool) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"why": "no"}, status=status)

    async with friendly(answer) as port:
        result = await call(url=f"http://127.0.0.1:{port}/secret-path?key=hidden", response="text")
    assert (result.ok, result.code, result.retryable) == (False, f"http_{status}", retryable)
    assert (result.data["status"], result.data["body"]) == (status, {"why": "no"})
    assert result.error is not None
    assert result.error.startswith(f"GET http://127.0.0.1:{port} answered {status} ")
    assert "hidden" not in result.error
    assert "secret-path" not in result.error


async def test_expected_status_can_be_chosen(call: Call) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=int(request.path[1:]))

    async with friendly(answer) as port:

        async def ok(status: int, *expected: str | int) -> bool:
            return (await call(url=f"http://127.0.0.1:{port}/{status}", expectedStatus=list(expected))).ok

        assert await ok(404, "2xx", 404)
        assert await ok(503, "5XX")
        assert not await ok(200, "201")
        assert (await call(url=f"http://127.0.0.1:{port}/304")).ok


@pytest.mark.parametrize(("status", "expected"), [(429, 7000), (503, 7000), (500, None)])
async def test_retry_after_is_honoured(call: Call, status: int, expected: int | None) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Retry-After": "7"})

    async with friendly(answer) as port:
        result = await call(url=f"http://127.0.0.1:{port}/")
    assert (result.retryable, result.retry_after_ms) == (True, expected)


async def test_json_that_was_asked_for_and_did_not_come_is_a_failure(call: Call) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text="{not json", content_type="application/json", status=int(request.path[1:]))

    async with friendly(answer) as port:
        asked = await call(url=f"http://127.0.0.1:{port}/200", response="json")
        error_page = await call(url=f"http://127.0.0.1:{port}/500", response="json")
    assert (asked.ok, asked.code) == (False, "http_bad_json")
    assert (error_page.code, error_page.data["body"]) == ("http_500", "{not json")


async def test_wrong_json_is_kept_as_text_with_a_warning(call: Call, ctx: Recorder) -> None:
    """Row 25: an answer that is not what it says never breaks the run."""
    big = '{"n": 123456789012345678901234567890}'

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=big, content_type="application/json")

    async with friendly(answer) as port:
        result = await call(url=f"http://127.0.0.1:{port}/")
    assert (result.ok, result.data["body"]) == (True, big)
    assert [(line.level, "64 bits" in line.message) for line in ctx.lines] == [("warning", True)]


async def test_header_that_is_not_utf8_is_kept_readable(call: Call) -> None:
    """Row 25: bytes that are not UTF-8 in a header cannot make text no store could keep."""
    async with raw(says(b"HTTP/1.1 200 OK\r\nX-Name: Jos\xe9\r\nContent-Length: 2\r\n\r\nok")) as port:
        result = await call(url=f"http://127.0.0.1:{port}/")
    assert (result.data["headers"]["x-name"], result.data["body"]) == ("José", "ok")


async def test_a_refused_connection_is_worth_another_try(call: Call) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        result = await call(url=f"http://127.0.0.1:{closed.getsockname()[1]}/")
    assert (result.code, result.retryable) == ("http_connect", True)
    assert "Connection refused" in (result.error or "")


class NoNames(AbstractResolver):
    """A name server that knows nobody."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def close(self) -> None:
        pass


async def test_an_unknown_host_is_worth_another_try() -> None:
    async with open_client(Host(), resolver=NoNames()) as client:
        params = RequestParams.model_validate({"url": "http://no-such-host.example/"})
        result = await request(Recorder(state=client), params)
    assert (result.code, result.retryable) == ("http_connect", True)
    assert "the host name is not known" in (result.error or "")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "http_connect"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "http_protocol"),
        (b"HTTP/1.1 999999 OK\r\n\r\n", "http_protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello", "http_protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", "http_protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "http_protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello", "http_protocol"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 20_000 + b"\r\n\r\n", "http_protocol"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Many: a\r\n" * 5000 + b"\r\n", "http_protocol"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "http_101"),
    ],
)
async def test_answers_that_are_not_http_fail_clearly(call: Call, answer: bytes, code: str) -> None:
    """Row 61: the strict parser decides, and the step says so."""
    async with raw(says(answer)) as port:
        result = await call(url=f"http://127.0.0.1:{port}/", method="POST")
    assert (result.ok, result.code) == (False, code)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:99999/",
        "http://" + "a" * 70 + ".example/",
        "http://[::1",
        "http://exa mple/",
        "ftp://127.0.0.1/",
        "http://",
        "/relative",
        "http://127.0.0.1/\r\nX: y",
        "http://ali:geheim@127.0.0.1/",
        "http://\ud800.example/",
    ],
)
async def test_urls_that_cannot_be_requested_fail_for_good(ctx: Recorder, url: str) -> None:
    """What a template came to is checked again when it is known, without repeating it."""
    result = await request(ctx, RequestParams.model_construct(url=url))
    assert (result.ok, result.code, result.retryable) == (False, "http_bad_url", False)
    assert "geheim" not in (result.error or "")


async def test_cancelling_the_step_aborts_the_request(call: Call) -> None:
    """Row 28: a cancelled run does not leave its request behind."""
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()
        gone.set()

    async with raw(answer) as port:
        task = asyncio.create_task(call(url=f"http://127.0.0.1:{port}/"))
        await asyncio.wait_for(arrived.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), 5)


async def test_a_request_of_a_megabyte_arrives_whole(call: Call) -> None:
    text = "x" * 3_000_000

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"size": len(await request.read()), "te": request.headers.get("Transfer-Encoding")})

    async with friendly(answer) as port:
        result = await call(url=f"http://127.0.0.1:{port}/", method="POST", body={"kind": "text", "text": text})
    assert result.data["body"] == {"size": 3_000_000, "te": None}
