"""Which addresses a request may reach: of the public internet, and what the operator opens, what the workspace lists.

The check sits where the socket is made, so it sees every final address: IP literals in any spelling, every answer of
the name server at the moment of use, every hop of a redirect.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Final

from aiohttp import AddrInfoType

from engine.sdk import OPEN, Egress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Addresses that `is_global` takes for public although they lead to special places.
_SPECIAL_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # the host of an Azure machine
        "224.0.0.0/4",  # multicast
    )
)
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")  # leaves out NAT64, site-local, multicast, IPv4-compatible
_SPECIAL_V6: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2002::/16",  # 6to4
        "2001::/32",  # Teredo
        "3fff::/20",  # documentation
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


NAMED: Final[ContextVar[bool]] = ContextVar("named", default=False)
"""Whether the lists of the workspace allow the name that is being connected to, whatever address it comes to."""


class RefusedAddress(OSError):
    """The address is not public and not opened, or it is this server's own."""

    def __init__(self) -> None:
        # One text for all, so that a connection attempt over several addresses raises this very class.
        super().__init__(errno.EACCES, "address refused")


class UnlistedAddress(RefusedAddress):
    """The workspace denies the address, or allows others only."""


class NotListed(Exception):
    """The workspace denies the name, or allows others only."""


def parse_networks(entries: Iterable[str]) -> tuple[Network, ...]:
    """The networks an operator opened; ValueError names the entry that is neither an address nor a range."""
    networks: list[Network] = []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry.strip(), strict=False))
        except ValueError:
            raise ValueError(f"{entry!r} is neither an IP address nor a range such as 10.0.0.0/8") from None
    return tuple(networks)


class Guard:
    """Makes the sockets of outgoing connections, or refuses to."""

    def __init__(
        self,
        allow: Iterable[str],
        own_addresses: Callable[[], tuple[tuple[str, int], ...]],
        egress: Egress = OPEN,
    ) -> None:
        """`allow` is the operator's, `egress` the workspace's."""
        self.allow = parse_networks(allow)
        self.own_addresses = own_addresses
        self.egress = egress

    def socket_for(self, info: AddrInfoType) -> socket.socket:
        """A new socket for this address; raises RefusedAddress."""
        family, kind, protocol, _, address = info
        if not self.permits(str(address[0]), int(address[1])):
            raise RefusedAddress
        if not self.lists(str(address[0]), int(address[1])):
            raise UnlistedAddress
        return socket.socket(family=family, type=kind, proto=protocol)

    def permits(self, host: str, port: int) -> bool:
        """Whether a connection to this numeric address may be made."""
        try:
            address = _plain(ipaddress.ip_address(host))
        except ValueError:
            return False
        inner = _embedded(address)
        if self._is_own(inner or address, port):
            return False
        return self._open(address) and (inner is None or self._open(inner))

    def lists(self, host: str, port: int) -> bool:
        """Whether the workspace lets a connection be made to this numeric address, for the name in NAMED."""
        address = _plain(ipaddress.ip_address(host))
        meant = [address, inner] if (inner := _embedded(address)) is not None else [address]
        if any(self.egress.address_is_denied(one, port) for one in meant):
            return False
        if self.egress.allows_all or NAMED.get():
            return True
        return any(self.egress.address_is_allowed(one, port) for one in meant)

    def _open(self, address: Address) -> bool:
        return is_public(address) or any(address in network for network in self.allow)

    def _is_own(self, address: Address, port: int) -> bool:
        for host, own_port in self.own_addresses():
            if own_port != port:
                continue
            try:
                own = _plain(ipaddress.ip_address(host))
            except ValueError:
                own = None
            # A server on 0.0.0.0, or on a name, listens on whatever addresses this machine has.
            if own is None or own.is_unspecified:
                if _is_local(address):
                    return True
            elif address == own or (address.is_unspecified and own.is_loopback):
                return True
        return False


def is_public(address: Address) -> bool:
    """Whether this is an ordinary address of the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in _SPECIAL_V4)
    return address.is_global and address in _GLOBAL_V6 and not any(address in network for network in _SPECIAL_V6)


def _plain(address: Address) -> Address:
    """An IPv4 address in its IPv6 coat is that IPv4 address to the operating system; a scope id says nothing here."""
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or ipaddress.IPv6Address(int(address))
    return address


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address a translator or tunnel would go on to."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or (address.teredo[1] if address.teredo else None)


def _is_local(address: Address) -> bool:
    """Whether this machine has the address: only then can a socket be bound to it."""
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True
