"""Where the steps of a workspace may connect to: names, addresses and networks it allows or denies.

    api.example.com        this name                *.example.com       every name below it
    203.0.113.7            this address             203.0.113.0/24      these, also when a name comes to one
    api.example.com:443    only this port           [2001:db8::]/32     IPv6, with a port [2001:db8::]/32:443

What is denied is refused whatever is allowed. Where something is allowed, everything else is refused. Names are judged
before a connection is made, addresses when it is made, so a name that leads elsewhere later is seen. None of this opens
an address that is not public: that is the operator's to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

HOW: Final = "write a name, *.name, an address or a network, each with a port if only that is meant"
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_SIX: Final = re.compile(r"\[([0-9a-f:.]+)\](/[0-9]{1,3})?(?::([0-9]{1,5}))?")
_OTHER: Final = re.compile(r"([^:\[\]]+)(?::([0-9]{1,5}))?")


@dataclass(slots=True, frozen=True)
class Target:
    """One entry: a network, or a name (of all names below it when `below`); of any port when it names none."""

    network: IPv4Network | IPv6Network | None
    name: str = ""
    below: bool = False
    port: int | None = None

    def names(self, host: str, port: int) -> bool:
        """Whether a name is meant; `host` in small ASCII letters."""
        if self.network is not None or self.port not in (None, port):
            return False
        return host.endswith(f".{self.name}") if self.below else host == self.name

    def holds(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Whether an address is meant."""
        return self.network is not None and self.port in (None, port) and address in self.network


def parse_target(text: str) -> Target:
    """The entry; ValueError says how to write one."""
    text = text.strip().lower()
    six = _SIX.fullmatch(text)
    if six is not None:
        place, port = six[1] + (six[2] or ""), six[3]
    elif text.count(":") > 1:
        place, port = text, None
    elif (other := _OTHER.fullmatch(text)) is not None:
        place, port = other[1], other[2]
    else:
        raise ValueError(HOW)
    number = None if port is None else int(port)
    if number is not None and not 0 < number < 65_536:
        raise ValueError(f"{port} is no port")
    try:
        return Target(ip_network(place, strict=False), port=number)
    except ValueError:
        if six is not None:
            raise ValueError(HOW) from None
        return _named(place, number)


def _named(place: str, port: int | None) -> Target:
    below, name = place.startswith("*."), ascii_name(place.removeprefix("*."))
    labels = name.split(".")
    # What ends in a number is an address that somebody mistyped, and no name.
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise ValueError(HOW)
    return Target(None, name, below, port)


def ascii_name(name: str) -> str:
    """A name as it is asked for and compared: small letters, no dot at the end, other alphabets as IDNA."""
    name = name.removesuffix(".").lower()
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return ""


class Egress:
    """The lists of one workspace, ready to be asked."""

    def __init__(self, allow: Iterable[str] = (), deny: Iterable[str] = ()) -> None:
        """ValueError names the first entry that makes no sense."""
        self._allow = [_told(text) for text in allow]
        self._deny = [_told(text) for text in deny]

    @property
    def allows_all(self) -> bool:
        """Whether everything is allowed that is not denied."""
        return not self._allow

    def name_is_denied(self, host: str, port: int) -> bool:
        """Whether nothing may connect there, whatever the name comes to."""
        name = ascii_name(host)
        return any(target.names(name, port) for target in self._deny)

    def name_is_allowed(self, host: str, port: int) -> bool:
        """Whether the name is enough, so that no address it comes to needs to be allowed."""
        name = ascii_name(host)
        return not self._allow or any(target.names(name, port) for target in self._allow)

    def address_is_denied(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Whether nothing may connect there, by whatever name."""
        return any(target.holds(address, port) for target in self._deny)

    def address_is_allowed(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Whether the address is enough, whatever its name."""
        return any(target.holds(address, port) for target in self._allow)

    def refuses(self, host: str, port: int) -> bool:
        """Whether no address could make it right: the name is denied, or not allowed where no addresses are."""
        if self.name_is_denied(host, port):
            return True
        hopeless = not any(target.network is not None for target in self._allow)
        return hopeless and not self.name_is_allowed(host, port) and not _is_address(host)


def _told(text: str) -> Target:
    try:
        return parse_target(text)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


OPEN: Final = Egress()
"""No lists: everything public."""
