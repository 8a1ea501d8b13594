"""`mongodb+srv://` asks a name server where MongoDB is; one that is away, too, is waited for without standing still."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from engine.errors import Unreachable
from engine.stores.mongo.store import MongoStore
from tests.contract.make import make_run, put
from tests.servers.patient import patient_store

CLUSTER: Final = "cluster.example.test"
MEMBER: Final = "db.example.test"
STALL_S: Final = 1.0
"""Longer than other tests keep this process from running, shorter than the driver waits for a name server."""


class Names(asyncio.DatagramProtocol):
    """A name server that knows one cluster once it is told the port, or says nothing."""

    def __init__(self) -> None:
        self.silent = False
        self.port: int | None = None
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Remember how to answer."""
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        """Answer."""
        if self.silent:
            return
        answer = dns.message.make_response(dns.message.from_wire(data))
        answer.flags |= dns.flags.RA
        asked = answer.question[0]
        if self.port is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif asked.rdtype == dns.rdatatype.SRV:
            answer.answer.append(dns.rrset.from_text(asked.name, 0, "IN", "SRV", f"0 0 {self.port} {MEMBER}."))
        self._transport.sendto(answer.to_wire(), address)


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Names]:
    """The only name server this process asks for clusters."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(Names, ("127.0.0.1", 0))
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    yield server
    transport.close()


@asynccontextmanager
async def nobody_stands_still() -> AsyncIterator[None]:
    """What happens inside leaves the event loop free."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before)

    ticking = asyncio.create_task(tick())
    yield
    ticking.cancel()
    assert longest < STALL_S


@pytest.mark.parametrize(("silent", "why"), [(True, "resolution lifetime expired"), (False, "does not exist")])
async def test_a_name_that_is_not_known_yet_may_be_later(names: Names, silent: bool, why: str) -> None:
    names.silent = silent
    store = MongoStore(f"mongodb+srv://me:hunter2@{CLUSTER}/x", patience_s=0)
    async with nobody_stands_still():
        with pytest.raises(Unreachable, match=why) as caught:
            await store.open()
    assert f"MongoDB at {CLUSTER} cannot be reached" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    await store.close()


async def test_a_cluster_that_comes_is_used(names: Names, mongo_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same store is opened again, as a process that waits does it."""
    server = urlsplit(mongo_url)
    really = socket.getaddrinfo

    def resolve(host: Any, *more: Any, **options: Any) -> Any:
        return really(server.hostname if host == MEMBER else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    login = f"{server.username}:{server.password}@" if server.username else ""
    store = patient_store(f"mongodb+srv://{login}{CLUSTER}{server.path}?tls=false")
    with pytest.raises(Unreachable):
        await store.open()
    names.port = server.port
    await store.open()
    try:
        run = await put(store, make_run())
        assert (await store.runs.get(run.id, owner=run.user_id)).seq == run.seq
    finally:
        await store.close()
