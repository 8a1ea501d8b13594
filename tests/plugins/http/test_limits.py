"""Answers that are too large, too slow or not what they say."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib

import pytest
from aiohttp import web

from tests.plugins.http.conftest import Call
from tests.plugins.http.servers import friendly, raw, says

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_stopped_while_it_inflates(call: Call, encoding: str) -> None:
    """Row 24: 300 MB in 300 kB end at the limit, with little memory."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    zeros = bytes(1_000_000)
    bomb = b"".join(squeeze.compress(zeros) for _ in range(300)) + squeeze.flush()
    assert len(bomb) < 400_000
    head = HEAD + f"Content-Encoding: {encoding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with raw(says(head, bomb)) as port:
        tracemalloc.start()
        try:
            result = await call(url=f"http://127.0.0.1:{port}/")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (result.ok, result.code, result.retryable) == (False, "http_too_large", False)
    assert "1,000,000 bytes" in (result.error or "")
    assert peak < 8_000_000


async def test_the_limit_counts_what_comes_out_of_decompression(call: Call) -> None:
    """Row 24: exactly the limit passes, a byte more does not."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = gzip.compress(b"a" * int(request.path[1:]))
        return web.Response(body=body, headers={"Content-Encoding": "gzip", "Content-Type": "text/plain"})

    async with friendly(answer) as port:
        fits = await call(url=f"http://127.0.0.1:{port}/50000", maxBytes=50_000)
        over = await call(url=f"http://127.0.0.1:{port}/50001", maxBytes=50_000)
        server_limit = await call(url=f"http://127.0.0.1:{port}/1000001", maxBytes=900_000_000)
    assert (fits.ok, len(fits.data["body"])) == (True, 50_000)
    assert over.code == "http_too_large"
    assert server_limit.code == "http_too_large"


async def test_an_endless_answer_is_cut_off(call: Call) -> None:
    """Row 24: an answer without end stops at the limit, and its connection is closed."""
    gone = asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n")
        try:
            while True:
                writer.write(b"a" * 10_000)
                await writer.drain()
        finally:
            gone.set()

    async with raw(answer) as port:
        result = await call(url=f"http://127.0.0.1:{port}/", maxBytes=100_000)
        await asyncio.wait_for(gone.wait(), 5)
    assert result.code == "http_too_large"


async def test_endless_headers_are_cut_off(call: Call) -> None:
    """Row 24: headers have a limit of their own."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        while True:
            writer.write(b"X-A: b\r\n" * 1000)
            await writer.drain()

    async with raw(answer) as port:
        result = await call(url=f"http://127.0.0.1:{port}/", timeoutMs=10_000)
    assert result.code == "http_protocol"


@pytest.mark.parametrize("part", ["nothing", "headers", "body"])
async def test_a_dripping_answer_ends_in_time(call: Call, part: str) -> None:
    """Row 24: a byte now and then does not hold a step beyond its total time."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if part == "nothing":
            await asyncio.sleep(60)
        writer.write(HEAD if part == "headers" else HEAD + b"Content-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b"X" if part == "headers" else b"a")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw(answer) as port:
        began = time.monotonic()
        result = await call(url=f"http://127.0.0.1:{port}/", timeoutMs=300)
        took = time.monotonic() - began
    assert (result.ok, result.code, result.retryable) == (False, "http_timeout", True)
    assert "300 ms" in (result.error or "")
    assert 0.25 < took < 5


async def test_redirects_share_one_limit_of_time(call: Call) -> None:
    """Row 24: hops do not add up."""

    async def answer(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.Response(status=302, headers={"Location": "/"})

    async with friendly(answer) as port:
        result = await call(url=f"http://127.0.0.1:{port}/", timeoutMs=300)
    assert result.code == "http_timeout"


async def test_an_answer_shorter_than_it_says_is_a_failure(call: Call) -> None:
    """Row 24: a lying Content-Length is not taken for a whole answer."""
    async with raw(says(HEAD + b"Content-Length: 100\r\n\r\nshort")) as port:
        result = await call(url=f"http://127.0.0.1:{port}/")
    assert (result.ok, result.code, result.retryable) == (False, "http_protocol", True)


async def test_an_answer_longer_than_it_says_does_not_reach_the_next_request(call: Call) -> None:
    """Rows 24, 60: bytes after the announced end are never taken for another answer."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    answers = [HEAD + b"Content-Length: 4\r\n\r\ngood" + forged, HEAD + b"Content-Length: 4\r\n\r\nnext"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.pop(0))
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0))
        await writer.drain()

    async with raw(answer) as port:
        first = await call(url=f"http://127.0.0.1:{port}/")
        second = await call(url=f"http://127.0.0.1:{port}/")
    assert first.data["body"] == "good"
    assert not second.ok or second.data["body"] == "next"


async def test_a_length_beyond_the_limit_is_not_even_read(call: Call) -> None:
    """Row 24: what says it is too large is believed."""
    async with raw(says(HEAD + b"Content-Length: 99999999999\r\n\r\n")) as port:
        result = await call(url=f"http://127.0.0.1:{port}/")
    assert result.code == "http_too_large"


async def test_head_may_announce_any_length(call: Call) -> None:
    async with raw(says(HEAD + b"Content-Length: 99999999999\r\n\r\n")) as port:
        result = await call(url=f"http://127.0.0.1:{port}/", method="HEAD")
    assert result.ok


async def test_the_next_request_is_served_after_each_of_them(call: Call) -> None:
    """Row 60: a connection that carried a broken answer is not used again."""
    seen: list[int] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        seen.append(transport.get_extra_info("peername")[1])
        return web.Response(text="a" * 200_000 if request.path == "/large" else "fine")

    async with friendly(answer) as port:
        large = await call(url=f"http://127.0.0.1:{port}/large", maxBytes=10)
        fine = await call(url=f"http://127.0.0.1:{port}/")
        again = await call(url=f"http://127.0.0.1:{port}/")
    assert large.code == "http_too_large"
    assert (fine.data["body"], again.data["body"]) == ("fine", "fine")
    assert seen[0] != seen[1] == seen[2]
