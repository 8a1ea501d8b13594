"""Lists of where steps may connect to, as tables."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from engine.egress import OPEN, Egress, parse_target


@pytest.mark.parametrize(
    ("entry", "host", "port", "meant"),
    [
        ("api.example.com", "api.example.com", 443, True),
        ("api.example.com", "API.Example.COM.", 80, True),
        ("api.example.com", "api.example.com.evil.test", 443, False),
        ("api.example.com", "x.api.example.com", 443, False),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "badexample.com", 443, False),
        ("api.example.com:443", "api.example.com", 443, True),
        ("api.example.com:443", "api.example.com", 80, False),
        ("bücher.example", "xn--bcher-kva.example", 443, True),
        ("xn--bcher-kva.example", "Bücher.example", 443, True),
        ("203.0.113.0/24", "203.0.113.7", 443, False),
    ],
)
def test_names(entry: str, host: str, port: int, meant: bool) -> None:
    """Row 59: a name is compared whole, in the form it is asked for in."""
    assert Egress(deny=[entry]).name_is_denied(host, port) is meant
    assert Egress(allow=[entry]).name_is_allowed(host, port) is meant


@pytest.mark.parametrize(
    ("entry", "address", "port", "meant"),
    [
        ("203.0.113.7", "203.0.113.7", 443, True),
        ("203.0.113.7", "203.0.113.8", 443, False),
        ("203.0.113.0/24", "203.0.113.8", 443, True),
        ("203.0.113.9/24", "203.0.113.8", 443, True),
        ("203.0.113.0/24:8080", "203.0.113.8", 8080, True),
        ("203.0.113.0/24:8080", "203.0.113.8", 443, False),
        ("2001:db8::/32", "2001:db8::5", 443, True),
        ("[2001:db8::]/32:443", "2001:db8::5", 443, True),
        ("[2001:db8::]/32:443", "2001:db8::5", 80, False),
        ("[2001:db8::5]", "2001:db8::5", 80, True),
        ("[2001:db8::5]:80", "2001:db8::6", 80, False),
        ("0.0.0.0/0", "2001:db8::5", 443, False),
        ("example.com", "203.0.113.7", 443, False),
    ],
)
def test_addresses(entry: str, address: str, port: int, meant: bool) -> None:
    assert Egress(deny=[entry]).address_is_denied(ip_address(address), port) is meant
    assert Egress(allow=[entry]).address_is_allowed(ip_address(address), port) is meant


@pytest.mark.parametrize(
    "text",
    ["", " ", "*", "*.", "a..b", "-a.example", "a b", "http://a.example", "a.example/x", "1.2.3", "1.2.3.4.5", "a:0",
     "a:65536", "a:b", "[::1", "::g", "10.0.0.0/33", "a@b", "*.*.example", "a.*.example", "x" * 64, "[::1]x", "[a.b]"],
)  # fmt: skip
def test_no_target(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a name|is no port"):
        parse_target(text)
    with pytest.raises(ValueError, match=r"^'"):
        Egress(allow=[text])


@pytest.mark.parametrize(
    ("allow", "deny", "host", "refused"),
    [
        ([], [], "anything.example", False),
        ([], ["anything.example"], "anything.example", True),
        (["*.example"], [], "anything.example", False),
        (["*.example"], ["anything.example"], "anything.example", True),
        (["other.example"], [], "anything.example", True),
        (["other.example", "203.0.113.7"], [], "anything.example", False),
        (["other.example"], [], "203.0.113.7", False),
    ],
)
def test_what_is_hopeless_before_a_name_is_looked_up(
    allow: list[str], deny: list[str], host: str, refused: bool
) -> None:
    """No name server is asked about what may not be reached; addresses are judged where the socket is made."""
    assert Egress(allow, deny).refuses(host, 443) is refused


def test_no_lists_refuse_nothing() -> None:
    assert not OPEN.refuses("a.example", 1)
    assert OPEN.name_is_allowed("a.example", 1)
    assert not OPEN.address_is_denied(ip_address("203.0.113.7"), 1)
