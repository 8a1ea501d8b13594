"""Where a request really came from: what proxies in front say of it, as far as an operator trusts them.

Anybody may send `X-Forwarded-For`; a proxy adds the address of whom it speaks for at its right end. So the way is
walked from the right, from our peer on, for as long as each one on it is a trusted proxy. The first who is none is the
client, and whatever they wrote further left is only their word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal

from aiohttp import web

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Header = Literal["x-forwarded-for", "forwarded"]

MOST_HOPS: Final = 30
"""No real chain of proxies is longer; the rest of a header is not looked at."""
_FOR: Final = re.compile(r'(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)', re.IGNORECASE)
_WITH_PORT: Final = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")


class Proxies:
    """The proxies an operator trusts, and the header they write."""

    def __init__(self, trusted: Iterable[str] = (), header: Header = "x-forwarded-for") -> None:
        self.trusted: Final = tuple(ip_network(entry, strict=False) for entry in trusted)
        self._header = header

    def client(self, request: web.BaseRequest) -> str:
        """The client's address; empty when the connection has none, as on a Unix socket."""
        peer = request.remote or ""
        if not self.trusted:
            return peer
        return client_address(peer, request.headers.getall(self._header, ()), self.trusted, self._header)

    def trusts(self, peer: str) -> bool:
        """Whether the other end of a connection is one of them, which speaks for many."""
        return bool(self.trusted) and _is_trusted(parse(peer), self.trusted)


def client_address(peer: str, values: Iterable[str], trusted: Sequence[Network], header: Header) -> str:
    """The first on the way from `peer` to the client who is no trusted proxy; `values` are those of the header.

    A trusted proxy that names nobody we could tell apart (`unknown`, `_hidden`, nonsense) is the last one known.
    """
    known = parse(peer)
    if known is None or not _is_trusted(known, trusted):
        return peer
    for number, text in enumerate(_from_the_right(values, header)):
        found = parse(text)
        if found is None or number >= MOST_HOPS:
            break
        known = found
        if not _is_trusted(known, trusted):
            break
    return str(known)


def _from_the_right(values: Iterable[str], header: Header) -> Iterator[str]:
    for value in reversed(list(values)):
        for entry in reversed(value.split(",")):
            if header == "x-forwarded-for":
                yield entry.strip()
            else:
                found = _FOR.search(entry)
                yield found.group(1).strip('"') if found else ""


def parse(text: str) -> Address | None:
    """An address in any form proxies write, with or without a port; IPv4 in its IPv6 coat is IPv4."""
    text = text.partition("%")[0]
    matched = _WITH_PORT.fullmatch(text)
    if matched:
        text = matched["six"] or matched["four"] or ""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_trusted(address: Address | None, trusted: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in trusted)


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the /64, since whoever has one address there has all of them."""
    found = parse(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Address(int(found) >> 64 << 64)) + "/64"
    return str(found or "")
