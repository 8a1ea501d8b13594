"""The shared connections: certificates, cookies, limits."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from engine.sdk import Host
from plugins.http.client import Client, open_client
from tests.plugins.http.conftest import Call
from tests.plugins.http.servers import friendly

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_an_unknown_certificate_is_refused_for_good(call: Call, authority: trustme.CA) -> None:
    async with friendly(tls=server_context(authority, "127.0.0.1")) as port:
        result = await call(url=f"https://127.0.0.1:{port}/", auth={"kind": "bearer", "token": "t0ken"})
    assert (result.ok, result.code, result.retryable) == (False, "http_tls", False)
    assert "certificate is not trusted" in (result.error or "")
    assert "t0ken" not in (result.error or "")


async def test_the_check_can_be_switched_off_for_one_step(call: Call, authority: trustme.CA) -> None:
    async with friendly(tls=server_context(authority, "127.0.0.1")) as port:
        unchecked = await call(url=f"https://127.0.0.1:{port}/", verifyTls=False)
        checked = await call(url=f"https://127.0.0.1:{port}/")
    assert unchecked.ok
    assert checked.code == "http_tls"  # the unchecked connection in the pool is not borrowed


async def test_plain_http_on_a_tls_port_and_the_other_way_round(call: Call, authority: trustme.CA) -> None:
    async with friendly(tls=server_context(authority, "127.0.0.1")) as secure, friendly() as plain:
        wrong = await call(url=f"https://127.0.0.1:{plain}/", verifyTls=False)
        other = await call(url=f"http://127.0.0.1:{secure}/")
    assert (wrong.ok, wrong.code) == (False, "http_tls")
    assert not other.ok


_CHILD = """
import asyncio, json, sys
from engine.sdk import Host
from plugins.http.client import open_client
from plugins.http.params import RequestParams
from plugins.http.request import request
from tests.plugins.support import Recorder

async def main():
    async with open_client(Host(egress_allow=("127.0.0.1",))) as client:
        for url in sys.argv[1:]:
            result = await request(Recorder(state=client), RequestParams.model_validate({"url": url}))
            print(json.dumps([result.ok, result.code]))

asyncio.run(main())
"""


async def test_the_operators_own_authority_is_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    """`SSL_CERT_FILE` adds an authority; a certificate for another name still does not pass."""
    import asyncio

    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    async with (
        friendly(tls=server_context(authority, "127.0.0.1")) as right,
        friendly(tls=server_context(authority, "other.example")) as wrong,
    ):
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", _CHILD, f"https://127.0.0.1:{right}/", f"https://127.0.0.1:{wrong}/"],
            cwd=ROOT,
            env={**os.environ, "SSL_CERT_FILE": str(bundle)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[True, None], [False, "http_tls"]], done.stderr


async def test_no_cookie_goes_from_one_request_to_another(call: Call) -> None:
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Cookie"))
        response = web.Response()
        response.set_cookie("session", "of-another-run")
        return response

    async with friendly(answer) as port:
        await call(url=f"http://127.0.0.1:{port}/")
        await call(url=f"http://127.0.0.1:{port}/")
    assert seen == [None, None]


async def test_connections_are_kept_and_reused(call: Call, client: Client) -> None:
    peers: set[int] = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        peers.add(transport.get_extra_info("peername")[1])
        return web.json_response({})

    async with friendly(answer) as port:
        for _ in range(5):
            assert (await call(url=f"http://127.0.0.1:{port}/", method="POST")).ok
    assert len(peers) == 1


async def test_a_wrong_allow_list_stops_the_start_with_its_entry() -> None:
    with pytest.raises(ValueError, match=r"'not-an-address'"):
        async with open_client(Host(egress_allow=("127.0.0.1", "not-an-address"))):
            pass


async def test_everything_is_closed_at_the_end() -> None:
    async with open_client(Host()) as client, client.pools.lease("a") as pool:
        assert not pool.session.closed
    assert pool.session.closed
