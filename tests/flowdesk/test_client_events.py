"""Live events over connections that break in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import pairwise

import pytest
from aiohttp import web

from flowdesk.client_events import Link, Patience
from flowdesk.client_http import Limits
from flowdesk.errors import BadReply, Missing, NotAuthorised, ServerTrouble, Unreachable
from flowdesk.replies import EventDoc
from tests.flowdesk.serving import RUN, frame, serving, stream

QUICK = Patience(first_s=0.001, most_s=0.01, give_up_s=None)
BRIEF = Patience(first_s=0.001, most_s=0.01, give_up_s=0.05)
END = b'event: end\ndata: {"status": "SUCCESS"}\n\n'


async def _seqs(events: AsyncGenerator[EventDoc, None]) -> list[int]:
    async with aclosing(events) as found:
        return [event["seq"] async for event in found]


async def test_a_lost_connection_is_taken_up_where_it_broke() -> None:
    """Row 62: each connection asks for what comes after the last event seen, half an event does not count."""
    asked: list[str | None] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Last-Event-ID"))
        if len(asked) == 1:
            return await stream(request, frame(1), frame(2), frame(3)[:20])
        if len(asked) == 2:
            response = await stream(request, frame(3))
            assert request.transport is not None
            request.transport.abort()
            return response
        if len(asked) == 3:
            return web.json_response({"code": "unavailable"}, status=503)
        return await stream(request, frame(4), END)

    links: list[Link] = []
    async with serving(handler) as client:
        assert await _seqs(client.events.run(RUN, patience=QUICK, watch=links.append)) == [1, 2, 3, 4]
    assert asked == ["0", "2", "3", "3"]
    assert [link.state for link in links] == ["connected", "waiting", "connected", "waiting", "waiting", "connected"]


async def test_events_sent_again_are_given_once() -> None:
    """A wide stream names its place once per commit, so it repeats what came before the next name."""
    connections = 0
    other = RUN[:-1] + "0"

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal connections
        connections += 1
        if connections == 1:
            return await stream(request, frame(1, name=False), frame(1, other))
        return await stream(request, frame(1), frame(1, other), frame(2), END)

    async with serving(handler) as client, aclosing(client.events.mine(patience=QUICK)) as events:
        found = [(event["runId"], event["seq"]) async for event in events]
    assert found == [(RUN, 1), (other, 1), (RUN, 2)]


async def test_a_gap_is_told_and_not_given() -> None:
    links: list[Link] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        return await stream(request, b'event: gap\ndata: {"detail": "x"}\n\n', frame(9), END)

    async with serving(handler) as client:
        assert await _seqs(client.events.mine(after="old", watch=links.append)) == [9]
    assert [link.state for link in links] == ["connected", "gap"]


@pytest.mark.parametrize(("status", "kind"), [(401, NotAuthorised), (404, Missing)])
async def test_a_refusal_is_final(status: int, kind: type[Exception]) -> None:
    calls = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        return web.json_response({"code": "x", "detail": "no"}, status=status)

    async with serving(handler) as client:
        with pytest.raises(kind):
            await _seqs(client.events.run(RUN, patience=QUICK))
    assert calls == 1


async def test_patience_ends() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.json_response({}, status=500)

    async with serving(handler) as client:
        with pytest.raises(ServerTrouble):
            await _seqs(client.events.run(RUN, patience=BRIEF))
        url = client.url
    async with serving(handler) as client:
        client._http.url = url  # nobody listens there any more
        with pytest.raises(Unreachable):
            await _seqs(client.events.run(RUN, patience=BRIEF))


async def test_a_server_that_closes_at_once_is_not_hammered() -> None:
    waits: list[float] = []

    def watch(link: Link) -> None:
        if link.state == "waiting":
            waits.append(link.again_in_s)

    async def handler(request: web.Request) -> web.StreamResponse:
        return await stream(request, *([END] if len(waits) == 4 else []))

    async with serving(handler) as client:
        await _seqs(client.events.run(RUN, patience=Patience(first_s=0.001, most_s=1), watch=watch))
    assert all(later > earlier for earlier, later in pairwise(waits))


async def test_silence_is_a_lost_connection() -> None:
    calls = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        response = await stream(request, frame(calls))
        if calls == 1:
            await asyncio.Event().wait()
        await response.write(END)
        return response

    async with serving(handler, limits=Limits(idle_s=0.1)) as client:
        assert await _seqs(client.events.run(RUN, patience=QUICK)) == [1, 2]


@pytest.mark.parametrize("data", [b"data: {\n\n", b"data: []\n\n", b'data: {"seq": 1}\n\n'])
async def test_what_is_no_event_is_refused(data: bytes) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await stream(request, data)

    async with serving(handler) as client:
        with pytest.raises(BadReply):
            await _seqs(client.events.run(RUN))


async def test_another_kind_of_answer_is_refused() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>")

    async with serving(handler) as client:
        with pytest.raises(BadReply, match="text/plain"):
            await _seqs(client.events.run(RUN))


async def test_leaving_early_closes_the_connection() -> None:
    closed = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = await stream(request, frame(1))
        try:
            while True:
                await response.write(b": \n\n")
                await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.CancelledError):
            closed.set()
            raise

    async with serving(handler) as client:
        async with aclosing(client.events.run(RUN)) as events:
            async for _ in events:
                break
        async with asyncio.timeout(5):
            await closed.wait()
