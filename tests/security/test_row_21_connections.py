"""Row 21: there are never too many connections; tests/server/test_deadlines.py closes those that say nothing."""

from __future__ import annotations

import asyncio
import resource
from contextlib import AsyncExitStack
from typing import Any

import pytest

from server.crowd import MOST, PER_ADDRESS, SPARE_FILES, Crowd, crowd_of
from server.proxies import Proxies
from server.settings import Settings
from tests.server.live import eventually
from tests.server.test_deadlines import small_app
from tests.server.wire import ask, closed_after, connected, read_reply, served


@pytest.mark.parametrize("limits", [{"max_connections": 3}, {"max_connections_per_address": 3}])
async def test_one_connection_too_many(limits: dict[str, Any]) -> None:
    """Row 21: it is told so at once, whatever it was about to send; those that are there are served."""
    async with served(small_app(), Settings(**limits)) as port, AsyncExitStack() as crowd:
        first, *_ = [await crowd.enter_async_context(connected(port)) for _ in range(3)]
        for said in (b"", b"GET /hello HTTP/1.1\r\n", b"\x00" * 100):
            async with connected(port) as (reader, writer):
                writer.write(said)
                reply = await read_reply(reader)
                assert (reply.status, reply.json()["code"]) == (503, "too_many_connections")
                assert (reply.headers["retry-after"], reply.headers["connection"]) == ("1", "close")
                assert await closed_after(reader, 10) < 5
        first[1].write(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await read_reply(first[0])).status == 200
        first[1].close()

        async def room() -> bool:
            try:
                return (await ask(port, "GET", "/hello")).status == 200
            except (ConnectionError, asyncio.IncompleteReadError):
                return False

        assert await eventually(room)


async def test_many_come_and_go_and_nobody_is_counted_for_ever() -> None:
    """Row 21."""
    async with served(small_app(), Settings(max_connections=5, max_connections_per_address=5)) as port:
        for _ in range(20):
            async with AsyncExitStack() as crowd:
                for _ in range(8):
                    _, writer = await crowd.enter_async_context(connected(port))
                    writer.write(b"GET /hel")

        async def room() -> bool:
            try:
                return (await ask(port, "GET", "/hello")).status == 200
            except (ConnectionError, asyncio.IncompleteReadError):
                return False

        assert await eventually(room)


def test_each_address_has_its_share_and_proxies_have_no_limit() -> None:
    """Rows 21, 64."""
    crowd = Crowd(8, 2, Proxies(["10.0.0.1"]))
    names = [crowd.enter(peer) for peer in ("203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2")]
    assert names == ["203.0.113.1", "203.0.113.1", None, "203.0.113.2"]
    names = [crowd.enter(peer) for peer in ("2001:db8::1", "2001:db8::2", "2001:db8::3")]
    assert names == ["2001:db8::/64", "2001:db8::/64", None]
    assert [crowd.enter("10.0.0.1") for _ in range(4)] == ["", "", "", None], "in all there may be eight"
    crowd.leave("203.0.113.1")
    assert crowd.enter("203.0.113.1") == "203.0.113.1"
    for name in ("203.0.113.1", "203.0.113.1", "203.0.113.2", "2001:db8::/64", "2001:db8::/64", "", "", ""):
        crowd.leave(name)
    assert (crowd.here, crowd._by_address) == (0, {})


def test_a_crowd_is_mentioned_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """Row 53: a flood is no flood of log lines."""
    now = 0.0
    crowd = Crowd(1, clock=lambda: now)
    for _ in range(100):
        crowd.enter("203.0.113.1")
    assert [record.getMessage() for record in caplog.records] == ["turned connections away: there are 1 in all"]
    now = 60.0
    crowd.enter("203.0.113.1")
    assert len(caplog.records) == 2


@pytest.mark.parametrize(
    ("files", "most"),
    [(256, 128), (1024, 1024 - SPARE_FILES), (1_000_000, MOST), (resource.RLIM_INFINITY, MOST)],
)
def test_the_database_always_finds_a_file_to_open(files: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 21: the limit follows from how many files the system lets us open."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert crowd_of(Settings())._most == most
    assert crowd_of(Settings(max_connections=7))._most == 7
    assert crowd_of(Settings())._per_address == 0
    assert crowd_of(Settings(host="0.0.0.0"))._per_address == PER_ADDRESS
