"""Which addresses a request can reach, whatever way it takes to them."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from engine.sdk import Host, StepResult
from plugins.http.client import open_client
from plugins.http.guard import Guard, is_public, parse_networks
from plugins.http.params import RequestParams
from plugins.http.request import request
from tests.plugins.http.servers import friendly
from tests.plugins.support import Recorder

PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"]
NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # metadata of Alibaba
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # Azure's host
    "169.254.169.254",  # metadata of most clouds
    "172.16.0.1",
    "172.31.255.255",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata of AWS
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "nonsense",
    "",
]


def guard(*allow: str, own: Sequence[tuple[str, int]] = ()) -> Guard:
    return Guard(allow, lambda: tuple(own))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    assert guard().permits(address, 443)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_all_others_are_closed(address: str) -> None:
    """Rows 58, 59: metadata, loopback, private networks, and every coat they may wear."""
    assert not guard().permits(address, 80)


@pytest.mark.parametrize(
    ("allow", "address", "open_"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("127.0.0.1", "::1", False),
        ("127.0.0.1", "2002:7f00:1::", False),
        ("127.0.0.1", "64:ff9b::7f00:1", False),
        ("127.0.0.0/8", "127.0.0.2", True),
        ("10.1.2.3/8", "10.200.0.1", True),
        ("fd00::/8", "fd12::1", True),
        ("64:ff9b::/96", "64:ff9b::808:808", True),
        ("64:ff9b::/96", "64:ff9b::7f00:1", False),
        ("2002::/16", "2002:808:808::", True),
        ("2002::/16", "2002:a00:1::", False),
        ("2001::/32", "2001:0:4136:e378:8000:63bf:f5ff:fffe", False),  # Teredo to 10.0.0.1
    ],
)
def test_the_operator_opens_addresses(allow: str, address: str, open_: bool) -> None:
    """Row 59: opening a translator's range does not open what lies behind it."""
    assert guard(allow).permits(address, 80) is open_


@pytest.mark.parametrize("entry", ["localhost", "10.0.0.0/33", "", "1.2.3"])
def test_an_entry_that_is_no_address_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="neither an IP address nor a range"):
        parse_networks([entry])


@pytest.mark.parametrize(
    ("own", "address", "port", "open_"),
    [
        (("127.0.0.1", 4000), "127.0.0.1", 4000, False),
        (("127.0.0.1", 4000), "127.0.0.1", 4001, True),
        (("127.0.0.1", 4000), "::ffff:127.0.0.1", 4000, False),
        (("127.0.0.1", 4000), "0.0.0.0", 4000, False),
        (("0.0.0.0", 4000), "127.0.0.1", 4000, False),
        (("0.0.0.0", 4000), "127.9.9.9", 4000, False),
        (("::", 4000), "127.0.0.1", 4000, False),
        (("::", 4000), "::1", 4000, False),
        (("::1", 4000), "::", 4000, False),
        (("localhost", 4000), "127.0.0.1", 4000, False),
        (("0.0.0.0", 4000), "8.8.8.8", 4000, True),
        (("0.0.0.0", 4000), "8.8.8.8", 443, True),
    ],
)
def test_the_own_server_stays_closed(own: tuple[str, int], address: str, port: int, open_: bool) -> None:
    """Row 58: no allow-list opens the server's own port."""
    assert guard("0.0.0.0/0", "::/0", own=[own]).permits(address, port) is open_


def test_an_address_of_this_machine_is_known_as_its_own() -> None:
    """Row 58: a server on 0.0.0.0 is also behind this machine's other addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; chooses the address packets would leave from
            address = probe.getsockname()[0]
        except OSError:
            address = "127.0.0.1"
    opened = guard("0.0.0.0/0", own=[("0.0.0.0", 4000)])
    assert not opened.permits(address, 4000)
    assert opened.permits(address, 4001)


def test_is_public_agrees_with_the_registry_of_addresses() -> None:
    assert is_public(ipaddress.ip_address("8.8.8.8"))
    assert not is_public(ipaddress.ip_address("fd00::1"))


class Names(AbstractResolver):
    """A name server of the test: each question gets the next answer."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in answer
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def caller(host: Host, resolver: AbstractResolver | None = None) -> AsyncIterator[Recorder]:
    async with open_client(host, resolver=resolver) as client:
        yield Recorder(state=client)


async def get(ctx: Recorder, url: str) -> StepResult:
    return await request(ctx, RequestParams.model_validate({"url": url, "timeoutMs": 5000}))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "127.0.0.1.",
        "LOCALHOST",
        "①②⑦.0.0.1",
    ],
)
async def test_no_spelling_reaches_loopback(host: str) -> None:
    """Rows 58, 59: the guard sees what the spelling comes to. A server is there, and is never asked."""
    asked: list[str] = []

    async def answer(incoming: web.Request) -> web.StreamResponse:
        asked.append(incoming.path)
        return web.Response()

    async with friendly(answer) as port, caller(Host()) as ctx:
        result = await get(ctx, f"http://{host}:{port}/")
    assert not result.ok
    assert asked == []
    # A spelling that is no address to the client, or unknown to the name server, is as good as refused.
    assert result.code in ("http_refused_address", "http_connect", "http_bad_url")
    assert result.code == "http_refused_address" or host not in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0")


async def test_says_how_to_open_an_address_and_not_what_a_name_came_to() -> None:
    async with caller(Host(), Names(["10.1.2.3"])) as ctx:
        result = await get(ctx, "http://intranet.example/private?key=hidden")
    assert (result.code, result.retryable) == ("http_refused_address", False)
    assert "FLOWDESK_EGRESS_ALLOW" in (result.error or "")
    assert "10.1.2.3" not in (result.error or "")
    assert "hidden" not in (result.error or "")


async def test_a_name_that_answers_with_several_closed_addresses() -> None:
    """Row 59: every answer of the name server is judged."""
    async with caller(Host(), Names(["127.0.0.1", "10.0.0.1", "169.254.169.254"])) as ctx:
        result = await get(ctx, "http://many.example/")
    assert result.code == "http_refused_address"


async def test_rebinding_is_caught_where_the_socket_is_made() -> None:
    """Row 59: a name that was public a moment ago and is loopback now."""
    async with friendly() as port:
        names = Names(["203.0.113.7"], ["127.0.0.1"])
        checked = await names.resolve("rebind.example")
        assert checked[0]["host"] == "203.0.113.7"
        async with caller(Host(), names) as ctx:
            result = await get(ctx, f"http://rebind.example:{port}/")
    assert names.asked == 2
    assert result.code == "http_refused_address"


async def test_rebinding_between_two_requests_of_one_client() -> None:
    """Row 59: an address that was allowed once does not vouch for the name."""
    async with friendly() as port:
        async with caller(Host(egress_allow=("127.0.0.1",)), Names(["127.0.0.1"], ["127.0.0.2"])) as ctx:
            first = await get(ctx, f"http://rebind.example:{port}/")
            await ctx.state.pools.close()
        async with caller(Host(egress_allow=("127.0.0.1",)), Names(["127.0.0.2"])) as ctx:
            second = await get(ctx, f"http://rebind.example:{port}/")
    assert first.ok
    assert second.code == "http_refused_address"


async def test_a_redirect_cannot_reach_a_closed_address() -> None:
    """Row 59: each hop meets the guard."""
    inner_asked: list[str] = []

    async def inner(incoming: web.Request) -> web.StreamResponse:
        inner_asked.append(incoming.path)
        return web.Response()

    async with friendly(inner, host="127.0.0.2") as inner_port:

        async def outer(_: web.Request) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": f"http://127.0.0.2:{inner_port}/"})

        async with friendly(outer) as port, caller(Host(egress_allow=("127.0.0.1",))) as ctx:
            result = await get(ctx, f"http://127.0.0.1:{port}/")
    assert result.code == "http_refused_address"
    assert inner_asked == []


async def test_the_own_server_is_refused_although_loopback_is_open() -> None:
    """Row 58: the own API is no target, its neighbours on the same address are."""
    async with friendly() as own, friendly() as neighbour:
        host = Host(egress_allow=("127.0.0.1", "0.0.0.0"), own_addresses=lambda: (("127.0.0.1", own),))
        async with caller(host) as ctx:
            results = [await get(ctx, f"http://{name}/") for name in (f"127.0.0.1:{own}", f"0.0.0.0:{own}")]
            reached = await get(ctx, f"http://127.0.0.1:{neighbour}/")
    assert [result.code for result in results] == ["http_refused_address"] * 2
    assert reached.ok


async def test_a_proxy_from_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 58: a proxy would connect past the guard."""
    asked: list[str] = []

    async def proxy(incoming: web.Request) -> web.StreamResponse:
        asked.append(incoming.path)
        return web.Response()

    async with friendly(proxy) as port, friendly() as target:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        async with caller(Host(egress_allow=("127.0.0.1",))) as ctx:
            result = await get(ctx, f"http://127.0.0.1:{target}/")
    assert result.ok
    assert asked == []


async def test_refused_attempts_leave_no_sockets() -> None:
    async with caller(Host()) as ctx:
        await asyncio.gather(*(get(ctx, "http://127.0.0.1:9/") for _ in range(20)))
        assert len(ctx.state.pools.kept["workspace-1"].session.connector._conns) == 0
