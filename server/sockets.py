"""Listening sockets, bound before anything else is touched, so that a port in use is found out first."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from engine.errors import Unusable

BACKLOG = 1024


def bind(host: str, port: int) -> list[socket.socket]:
    """A socket for every address of the host, not listening yet; the same port on all of them.

    Raises Unusable with what to do when that is not possible.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise Unusable(
            f"cannot listen on host {host!r}: {error}", code="address", hint="HOST chooses another"
        ) from None
    sockets: list[socket.socket] = []
    for family, _, _, _, address in sorted(set(found), key=lambda item: item[0] is not socket.AF_INET):
        wanted = sockets[0].getsockname()[1] if sockets else port
        try:
            sockets.append(_bound(family, (address[0], wanted, *address[2:])))
        except OSError as error:
            if sockets and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                continue  # a machine whose localhost has an IPv6 name but no IPv6
            close(sockets)
            raise _refused(host, wanted, error) from None
    return sockets


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _refused(host: str, port: int, error: OSError) -> Unusable:
    if error.errno == errno.EADDRINUSE:
        return Unusable(
            f"port {port} is in use on {host}", code="address", hint="PORT or --port chooses another, 0 any free one"
        )
    if error.errno == errno.EACCES:
        return Unusable(f"port {port} is not allowed for this user", code="address", hint="choose one above 1023")
    return Unusable(f"cannot listen on {host}:{port}: {error.strerror}", code="address", hint="HOST chooses another")


def close(sockets: list[socket.socket]) -> None:
    """Let go of them all."""
    for sock in sockets:
        sock.close()


def addresses(sockets: list[socket.socket]) -> tuple[tuple[str, int], ...]:
    """What they listen on."""
    return tuple((sock.getsockname()[0], sock.getsockname()[1]) for sock in sockets)


def url_of(listening: Sequence[tuple[str, int]]) -> str:
    """Where somebody on this machine reaches what listens there."""
    host, port = listening[0]
    address = ip_address(host.partition("%")[0])
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"


def beyond_loopback(sockets: list[socket.socket]) -> list[str]:
    """The addresses that other machines can reach."""
    return [host for host, _ in addresses(sockets) if not ip_address(host.partition("%")[0]).is_loopback]
