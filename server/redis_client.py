"""How we speak to Redis: nothing waits for ever, nothing is retried behind our back, and outages are said once.

redis-py sends under `asyncio.wait_for`, which in Python 3.11 may lose a cancellation. So no loop here relies on being
cancelled: each also looks at a flag.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from engine.errors import Unusable

CONNECT_S: Final = 2.0
CHECK_S: Final = 3.0
PING_S: Final = 0.5
KNOWN_S: Final = 2.0
"""How long what was found out about Redis is believed before it is asked again."""
OLDEST: Final = (6, 2)
AWAY: Final = (RedisError, OSError, TimeoutError)
"""What Redis and the way to it may raise."""

_SAYABLE: Final = ("db", "username", "password", "ssl_")
"""How options of an address may begin; all others are ours to choose, time-outs above all."""

log = logging.getLogger("flowdesk.redis")


def options(url: str, *, answer_s: float) -> dict[str, Any]:
    """Connection options for this address; no answer takes longer than `answer_s`."""
    chosen = {
        "protocol": 2,
        "socket_timeout": answer_s,
        "socket_connect_timeout": CONNECT_S,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "client_name": "flowdesk",
        "decode_responses": False,
    }
    return chosen if url.startswith("unix:") else {**chosen, "socket_keepalive": True}


def connect(url: str, *, answer_s: float, connections: int) -> Redis:
    """A client; nothing is connected yet."""
    return Redis.from_url(url, max_connections=connections, **options(url, answer_s=answer_s))


def is_address(url: str) -> bool:
    """Whether a connection could be made of it; nothing is connected."""
    try:
        # parse_url takes a path that is no number for database 0, and reads options only when it connects.
        parts = urlsplit(url)
        if parts.scheme == "unix":
            named = bool(parts.path)
        else:
            named = bool(parts.hostname) and (parts.path.strip("/") or "0").isdecimal()
        if not all(option.startswith(_SAYABLE) for option in parse_qs(parts.query, keep_blank_values=True)):
            return False
        ConnectionPool.from_url(url, **options(url, answer_s=CHECK_S)).make_connection()  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, RedisError):
        return False
    return named


def where(url: str) -> str:
    """The server's address without anything secret."""
    parts = parse_url(url)
    if "path" in parts:
        return str(parts["path"])
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 6379)}"


async def check(url: str) -> None:
    """Refuse what will never work: a wrong password, a server that is too old. One that is away may come back."""
    try:
        await recognise(url)
    except AWAY as error:
        place = where(url)
        log.warning("Redis at %s cannot be reached; work goes on without it, only slower: %s", place, reason(error))


async def recognise(url: str) -> None:
    """The same, but raise one of AWAY when it is away."""
    client = connect(url, answer_s=CHECK_S, connections=1)
    place = where(url)
    try:
        async with asyncio.timeout(CHECK_S):
            info = await client.info("server")
    except (AuthenticationError, NoPermissionError) as error:
        hint = "correct user and password in REDIS_URL"
        raise Unusable(
            f"Redis at {place} refuses the login of REDIS_URL: {error}", code="settings", hint=hint
        ) from None
    finally:
        await client.aclose()
    found = str(info.get("redis_version", ""))
    numbers = tuple(int(part) if part.isdigit() else 0 for part in found.split(".")[:2])
    if numbers < OLDEST:
        raise Unusable(
            f"Redis at {place} is version {found}; FlowDesk needs 6.2 or newer", code="settings", hint="upgrade Redis"
        )


def reason(error: BaseException) -> str:
    """What went wrong, in one line that is never empty."""
    return " ".join(str(error).split()) or type(error).__name__


class Standing:
    """Whether something that goes through Redis works; a change is logged once."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._known_until = 0.0
        self.error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it worked the last time."""
        return self.error is None

    def failed(self, error: BaseException) -> None:
        """It did not work."""
        if self.error is None:
            log.warning("%s: %s", self._what, reason(error))
        self.error = reason(error)
        self._known_until = monotonic() + KNOWN_S

    def worked(self) -> None:
        """It works, perhaps again."""
        if self.error is not None:
            log.info("%s no longer", self._what)
        self.error = None
        self._known_until = monotonic() + KNOWN_S

    async def look(self, ping: Callable[[], Awaitable[object]]) -> None:
        """Find out, unless that happened a moment ago: who has nothing to send does not notice otherwise."""
        if monotonic() < self._known_until:
            return

        async def answered() -> BaseException | None:
            try:
                await ping()
            except AWAY as error:
                return error
            return None

        # A task of its own: redis-py may lose a cancellation, and then we would wait longer.
        asking = asyncio.create_task(answered(), name="redis-ping")
        await asyncio.wait([asking], timeout=PING_S)
        if not asking.done():
            asking.cancel()
        error = asking.result() if asking.done() else TimeoutError(f"Redis did not answer within {PING_S:g} s")
        if error is None:
            self.worked()
        else:
            self.failed(error)
