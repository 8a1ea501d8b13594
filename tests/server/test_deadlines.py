"""Slow, huge and malformed requests, by raw sockets against a small application."""

from __future__ import annotations

import asyncio
import gzip
import resource
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from server.requests import json_response, read_body
from server.settings import Settings
from tests.server.wire import ask, closed_after, connected, exchange, read_reply, served

PATIENT = {"header_timeout_s": 60, "body_timeout_s": 60, "idle_timeout_s": 60, "max_body_bytes": 100_000}
"""One deadline is short in a test and the others are long, so that it is clear which one ended the connection."""


async def echo_size(request: web.Request) -> web.StreamResponse:
    return json_response({"size": len(await read_body(request))})


async def hello(request: web.Request) -> web.StreamResponse:
    return json_response({"hello": True})


WITHIN_S = 20
ENDED = web.AppKey("ended", asyncio.Event)


async def giant(request: web.Request) -> web.StreamResponse:
    return web.Response(body=bytes(50_000_000))


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(bytes(100_000))
    finally:
        request.app[ENDED].set()


def small_app() -> web.Application:
    app = web.Application()
    app.router.add_post("/size", echo_size)
    app.router.add_get("/hello", hello)
    app.router.add_get("/giant", giant)
    app.router.add_get("/endless", endless)
    return app


@asynccontextmanager
async def serving(**deadlines: float) -> AsyncIterator[int]:
    async with served(small_app(), Settings.model_validate({**PATIENT, **deadlines})) as port:
        yield port


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving() as port:
        yield port


async def others_are_served(port: int) -> None:
    assert (await ask(port, "GET", "/hello")).status == 200


@pytest.mark.parametrize("drip", [False, True])
async def test_slow_head(drip: bool) -> None:
    """Row 21: a head that has begun must be complete in time, whether the client stops or drips; others are served."""
    async with serving(header_timeout_s=0.4) as port, connected(port) as (reader, writer):
        writer.write(b"GET /hello HTTP/1.1\r\nHost: x\r\nX-A")
        closing = asyncio.ensure_future(closed_after(reader, WITHIN_S))
        while drip and not closing.done():
            writer.write(b"a")
            await asyncio.wait([closing], timeout=0.02)
        await others_are_served(port)
        assert await closing > 0.3


async def test_slow_first_line_after_a_good_request() -> None:
    """Row 21: the next request on a kept connection has the same deadline."""
    async with serving(header_timeout_s=0.4) as port, connected(port) as (reader, writer):
        writer.write(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await read_reply(reader)).status == 200
        writer.write(b"GET /hel")
        assert await closed_after(reader, WITHIN_S) > 0.3


@pytest.mark.parametrize("sent", [b"", b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_idle(sent: bytes) -> None:
    """Row 21: connections that say nothing, ever or any more, are closed."""
    async with serving(idle_timeout_s=0.5) as port, connected(port) as (reader, writer):
        writer.write(sent)
        if sent:
            await read_reply(reader)
        assert await closed_after(reader, WITHIN_S) > 0.4


@pytest.mark.parametrize("drip", [False, True])
async def test_slow_body(drip: bool) -> None:
    """Row 21: the body too; the client is told."""
    async with serving(body_timeout_s=0.5) as port, connected(port) as (reader, writer):
        writer.write(b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        reading = asyncio.ensure_future(read_reply(reader))
        start = asyncio.get_running_loop().time()
        while drip and not reading.done():
            writer.write(b" ")
            await asyncio.wait([reading], timeout=0.02)
        reply = await reading
        assert asyncio.get_running_loop().time() - start > 0.4
        assert reply.status == 408
        assert reply.problem()["code"] == "request_timeout"
        await others_are_served(port)


async def test_a_body_in_time_on_a_kept_connection(port: int) -> None:
    async with connected(port) as (reader, writer):
        for _ in range(3):
            head = b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
            writer.write(head + b"12345")
            async with asyncio.timeout(WITHIN_S):
                assert b" 100 " in await reader.readuntil(b"\r\n\r\n")  # it waits for the rest
            writer.write(b"67890")
            assert (await read_reply(reader)).json() == {"size": 10}


async def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [(await read_reply(reader)).status for _ in range(2)] == [200, 404]


async def test_announced_giant_is_refused_before_it_is_sent(port: int) -> None:
    """Row 22."""
    reply = await exchange(port, b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n")
    assert reply.status == 413
    assert reply.problem()["code"] == "too_large"


async def test_unannounced_giant_is_refused_on_the_way(port: int) -> None:
    """Row 22: chunks are counted as they arrive."""
    async with connected(port) as (reader, writer):
        writer.write(b"POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        writer.write(chunk * 3)
        assert (await read_reply(reader)).problem()["code"] == "too_large"


async def test_limits_are_exact(port: int) -> None:
    assert (await ask(port, "POST", "/size", b"x" * 100_000)).json() == {"size": 100_000}
    assert (await ask(port, "POST", "/size", b"x" * 100_001)).status == 413


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_compressed_bomb(port: int, coding: str) -> None:
    """Row 22: decompressed bytes count, and never more of them are made than needed to say so."""
    packer = zlib.compressobj(9, wbits=31 if coding == "gzip" else 15)
    million = bytes(1_000_000)
    bomb = b"".join(packer.compress(million) for _ in range(100))
    assert len(bomb) > 90_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reply = await ask(port, "POST", "/size", bomb[:90_000], [("Content-Encoding", coding)])
    assert reply.status == 413
    assert reply.problem()["code"] == "too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    await others_are_served(port)


async def test_compressed_body_is_read(port: int) -> None:
    body = gzip.compress(b"x" * 50_000)
    assert (await ask(port, "POST", "/size", body, [("Content-Encoding", "gzip")])).json() == {"size": 50_000}


async def test_broken_compression(port: int) -> None:
    reply = await ask(port, "POST", "/size", b"this is no gzip at all", [("Content-Encoding", "gzip")])
    assert reply.status == 400
    problem = reply.problem()
    assert problem["code"] in ("bad_body", "bad_request")
    assert "\n" not in problem["detail"]


MALFORMED = {
    "length and chunked": b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0",
    "two lengths": b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
    "no number": b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n12345",
    "bare line feed": b"GET /hello HTTP/1.1\nHost: x\n\n",
    "nul in header": b"GET /hello HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
    "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    "long line": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "long header": b"GET /hello HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n",
    "many headers": b"GET /hello HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_malformed_requests(port: int, kind: str) -> None:
    """Row 61: nothing ambiguous is guessed at; 400 as a problem document, and the connection ends."""
    async with connected(port) as (reader, writer):
        writer.write(MALFORMED[kind])
        reply = await read_reply(reader)
        assert reply.status == 400
        assert reply.problem()["code"] == "bad_request"
        await closed_after(reader, WITHIN_S)
    await others_are_served(port)


async def test_many_slow_clients_leave_room_for_others() -> None:
    """Row 21."""
    async with serving(header_timeout_s=1) as port, asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(half_a_request(port))
        for _ in range(10):
            await others_are_served(port)


async def half_a_request(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"POST /size HTTP/1.1\r\nHost: x\r\n")
        await closed_after(reader, WITHIN_S)


async def test_a_client_that_does_not_read_is_left() -> None:
    """Row 62: what is kept for a slow reader is bounded, and so is the time it is kept."""
    app = small_app()
    app[ENDED] = asyncio.Event()
    async with served(app, Settings(body_timeout_s=0.5)) as port, connected(port) as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(WITHIN_S):
            await app[ENDED].wait()
        await others_are_served(port)


async def test_a_client_that_reads_slowly_gets_everything() -> None:
    """Row 62: the deadline is for standing still, not for the whole answer."""
    async with serving(body_timeout_s=3) as port, connected(port) as (reader, writer):
        writer.write(b"GET /giant HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        received = 0
        for _ in range(8):
            await asyncio.sleep(0.4)  # longer in all than the deadline for standing still
            received += len(await reader.readexactly(6_000_000))
        received += len(await reader.readexactly(50_000_000 - received))
    assert received == 50_000_000
