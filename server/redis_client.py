"""How we speak to Redis: nothing waits for ever, nothing is retried behind our back, and outages are said once.

redis-py sends under `asyncio.wait_for`, which in Python 3.11 may lose a cancellation. So no loop here relies on being
cancelled: each also looks at a flag.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from engine.errors import Unusable

CONNECT_S: Final = 2.0
CHECK_S: Final = 3.0
OLDEST: Final = (6, 2)
AWAY: Final = (RedisError, OSError, TimeoutError)
"""What Redis and the way to it may raise."""

_EXAMPLE: Final = "set REDIS_URL to something like redis://:password@host:6379/0"

log = logging.getLogger("flowdesk.redis")


def options(*, answer_s: float) -> dict[str, Any]:
    """Connection options; no answer takes longer than `answer_s`."""
    return {
        "protocol": 2,
        "socket_timeout": answer_s,
        "socket_connect_timeout": CONNECT_S,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "client_name": "flowdesk",
        "decode_responses": False,
    }


def connect(url: str, *, answer_s: float, connections: int) -> Redis:
    """A client; nothing is connected yet."""
    return Redis.from_url(url, max_connections=connections, **options(answer_s=answer_s))


def where(url: str) -> str:
    """The server's address without anything secret; Unusable when it is no address."""
    try:
        parts = parse_url(url)
    except ValueError as error:
        raise Unusable(f"REDIS_URL is no address of Redis: {error}", code="settings", hint=_EXAMPLE) from None
    if "path" in parts:
        return str(parts["path"])
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 6379)}"


async def check(url: str) -> None:
    """Refuse what will never work: a wrong password, a server that is too old. One that is away may come back."""
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
    except AWAY as error:
        log.warning("Redis at %s cannot be reached; work goes on without it, only slower: %s", place, reason(error))
        return
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

    def worked(self) -> None:
        """It works, perhaps again."""
        if self.error is not None:
            log.info("%s no longer", self._what)
        self.error = None
