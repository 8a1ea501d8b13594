"""How many connections there may be, in all and from one address: what is beyond is turned away at the door."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from server.proxies import Proxies, network_of
from server.settings import Settings

MOST: Final = 10_000
SPARE_FILES: Final = 200
"""Open files that are left for the database, outgoing requests and everything else."""
PER_ADDRESS: Final = 200
SAY_EVERY_S: Final = 10.0

_BODY: Final = (
    b'{"type":"urn:flowdesk:problem:too_many_connections","title":"Too many connections","status":503,'
    b'"code":"too_many_connections","detail":"there are as many connections as there may be",'
    b'"hint":"close some, or come back in a moment"}'
)
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
    b"Cache-Control: no-store\r\nServer: FlowDesk\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
) % (len(_BODY), _BODY)
"""The answer to who is turned away: bytes as they are, since a crowd must not cost anything."""

log = logging.getLogger("flowdesk.http")


class Crowd:
    """Counts connections. 0 is no limit."""

    def __init__(
        self,
        most: int = 0,
        per_address: int = 0,
        proxies: Proxies | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._per_address = per_address
        self._proxies = proxies or Proxies()
        self._clock = clock
        self._by_address: Counter[str] = Counter()
        self._said_at = -1e9
        self.here = 0

    def enter(self, peer: str) -> str | None:
        """The name to `leave` with; None when there is no room. A trusted proxy speaks for many."""
        if self._most and self.here >= self._most:
            self._say("in all", self._most)
            return None
        address = "" if not self._per_address or self._proxies.trusts(peer) else network_of(peer)
        if address:
            if self._by_address[address] >= self._per_address:
                self._say("from one address", self._per_address)
                return None
            self._by_address[address] += 1
        self.here += 1
        return address

    def leave(self, address: str) -> None:
        """A connection is gone."""
        self.here -= 1
        if address:
            self._by_address[address] -= 1
            if self._by_address[address] <= 0:
                del self._by_address[address]

    def _say(self, which: str, most: int) -> None:
        now = self._clock()
        if now - self._said_at >= SAY_EVERY_S:
            self._said_at = now
            log.warning("turned connections away: there are %d %s", most, which)


def crowd_of(settings: Settings) -> Crowd:
    """The limits these settings come to."""
    per_address = settings.max_connections_per_address
    if per_address is None:
        per_address = 0 if settings.only_local else PER_ADDRESS
    most = settings.max_connections
    proxies = Proxies(settings.trusted_proxies, settings.proxy_header)
    return Crowd(_room() if most is None else most, per_address, proxies)


def _room() -> int:
    """As many as there can be without running out of open files."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return MOST
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return MOST
    return min(MOST, max(files // 2, files - SPARE_FILES))
