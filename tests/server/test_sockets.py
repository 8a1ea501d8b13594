"""Listening sockets: a port in use, an unknown host, and what the address is called."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import Unusable
from server import sockets


@pytest.fixture
def bound() -> Iterator[list[socket.socket]]:
    found = sockets.bind("127.0.0.1", 0)
    yield found
    sockets.close(found)


def test_any_free_port(bound: list[socket.socket]) -> None:
    ((host, port),) = sockets.addresses(bound)
    assert host == "127.0.0.1"
    assert port > 0
    assert sockets.url_of(sockets.addresses(bound)) == f"http://127.0.0.1:{port}"
    assert sockets.beyond_loopback(bound) == []


def test_port_in_use_says_what_to_do(bound: list[socket.socket]) -> None:
    port = sockets.addresses(bound)[0][1]
    with pytest.raises(Unusable, match=rf"port {port} is in use on 127\.0\.0\.1 \(PORT or --port") as caught:
        sockets.bind("127.0.0.1", port)
    assert caught.value.code == "address"


@pytest.mark.parametrize("host", ["no such host", "256.1.1.1", "x" * 300, "203.0.113.7"])
def test_host_that_is_not_ours(host: str) -> None:
    with pytest.raises(Unusable) as caught:
        sockets.bind(host, 0)
    assert caught.value.code == "address"


def test_localhost_has_one_port_on_all_its_addresses() -> None:
    found = sockets.bind("localhost", 0)
    assert len({port for _, port in sockets.addresses(found)}) == 1
    assert sockets.addresses(found)[0][0] == "127.0.0.1"
    sockets.close(found)


def test_everywhere_is_reached_here_and_reported() -> None:
    """Row 68."""
    found = sockets.bind("0.0.0.0", 0)
    assert sockets.url_of(sockets.addresses(found)).startswith("http://127.0.0.1:")
    assert sockets.beyond_loopback(found) == ["0.0.0.0"]
    sockets.close(found)


@pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="no IPv6 on this machine")
def test_ipv6_addresses_are_written_in_brackets() -> None:
    found = sockets.bind("::1", 0)
    assert sockets.url_of(sockets.addresses(found)).startswith("http://[::1]:")
    assert sockets.beyond_loopback(found) == []
    sockets.close(found)
