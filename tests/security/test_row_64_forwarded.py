"""Row 64: what a client says of its own address counts for nothing; what trusted proxies say of it counts."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from server.proxies import MOST_HOPS, Header, Proxies, client_address
from tests.server.live import live

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("::1/128"), ip_network("192.0.2.7/32")]


@pytest.mark.parametrize(
    ("peer", "values", "client"),
    [
        pytest.param("203.0.113.9", ["1.2.3.4"], "203.0.113.9", id="a stranger speaks for nobody"),
        pytest.param("10.0.0.1", [], "10.0.0.1", id="a proxy that says nothing is the client"),
        pytest.param("10.0.0.1", ["203.0.113.9"], "203.0.113.9", id="one proxy"),
        pytest.param("10.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9", id="what the client wrote is left of it"),
        pytest.param("10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9", id="in a header of its own"),
        pytest.param("10.0.0.1", ["203.0.113.9, 10.2.3.4"], "203.0.113.9", id="two proxies"),
        pytest.param("10.0.0.1", ["203.0.113.9", "10.2.3.4,192.0.2.7"], "203.0.113.9", id="three"),
        pytest.param("10.0.0.1", ["10.9.9.9"], "10.9.9.9", id="a client inside"),
        pytest.param("10.0.0.1", ["1.2.3.4, unknown"], "10.0.0.1", id="a proxy that does not know"),
        pytest.param("10.0.0.1", ["1.2.3.4, "], "10.0.0.1", id="an empty entry ends the way"),
        pytest.param("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9", id="with a port"),
        pytest.param("::1", ["2001:db8::5"], "2001:db8::5", id="IPv6"),
        pytest.param("::1", ["[2001:db8::5]:4711"], "2001:db8::5", id="IPv6 with a port"),
        pytest.param("::ffff:10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9", id="IPv4 in its coat"),
        pytest.param("", ["1.2.3.4"], "", id="no peer"),
        pytest.param("10.0.0.1", [", ".join(["1.2.3.4"] + ["10.0.0.2"] * 1000)], "10.0.0.2", id="endless"),
    ],
)
def test_the_way_is_walked_from_the_right(peer: str, values: list[str], client: str) -> None:
    """Row 64."""
    assert client_address(peer, values, TRUSTED, "x-forwarded-for") == client


@pytest.mark.parametrize(
    ("values", "client"),
    [
        (["for=203.0.113.9"], "203.0.113.9"),
        (["for=1.2.3.4, For=203.0.113.9;proto=https;by=10.0.0.1"], "203.0.113.9"),
        (['proto=http;for="[2001:db8::5]:4711"'], "2001:db8::5"),
        (['for="203.0.113.9:80"', "for=10.0.0.4"], "203.0.113.9"),
        (["for=_hidden"], "10.0.0.1"),
        (["for=unknown"], "10.0.0.1"),
        (["proto=https"], "10.0.0.1"),
        (['for="1.2.3.4'], "1.2.3.4"),
        (["xfor=1.2.3.4"], "10.0.0.1"),
        (["203.0.113.9"], "10.0.0.1"),
    ],
)
def test_the_standard_header(values: list[str], client: str) -> None:
    """Row 64."""
    assert client_address("10.0.0.1", values, TRUSTED, "forwarded") == client


def test_a_long_way_is_not_walked_to_its_end() -> None:
    """Row 64: a header full of the names of proxies costs no more than the longest real chain."""
    values = ["1.2.3.4", *["10.0.0.2"] * MOST_HOPS]
    assert client_address("10.0.0.1", values, TRUSTED, "x-forwarded-for") == "10.0.0.2"
    assert client_address("10.0.0.1", values[:-1], TRUSTED, "x-forwarded-for") == "1.2.3.4"


@pytest.mark.parametrize(
    ("trusted", "header", "expected"),
    [
        ("", "x-forwarded-for", "127.0.0.1"),
        ("127.0.0.0/8", "x-forwarded-for", "203.0.113.9"),
        ("127.0.0.1", "forwarded", "198.51.100.3"),
    ],
)
async def test_one_address_for_all_who_ask(tmp_path: Path, trusted: str, header: Header, expected: str) -> None:
    """Row 64: sessions, the audit log and everything that counts by address see the same one."""
    async with live(tmp_path / "data", trusted_proxies=trusted, proxy_header=header) as server:
        ali = await server.person("ali")
        sent = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=198.51.100.3"}
        made = await ali.call("POST", "/api/keys", {"name": "ci", "scopes": ["runs:read"], "days": 1}, headers=sent)
        assert made.status == 201, made.body
        assert [entry["address"] for entry in await ali.get("/api/audit")] == [expected]


def test_a_peer_that_speaks_for_many() -> None:
    """Row 64: caps by address do not hit the proxy as if it were one client."""
    proxies = Proxies(["10.0.0.0/8"])
    assert [proxies.trusts(peer) for peer in ("10.1.2.3", "11.1.2.3", "")] == [True, False, False]
    assert not Proxies().trusts("10.1.2.3")
