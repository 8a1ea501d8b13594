"""Passwords: hashed and checked with bcrypt in a small pool that cannot be flooded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import bcrypt

from engine.errors import Invalid, Problem, Unavailable

MIN_CHARS: Final = 6
MAX_BYTES: Final = 72
"""What bcrypt can take; it refuses more."""
THREADS: Final = 2
MAX_WAITING: Final = 32
"""About five seconds of work at the default cost."""

UNUSABLE: Final = "!"
"""In place of a hash: no password fits."""

T = TypeVar("T")


class TooMany(Unavailable):
    """Too many logins at once; nothing was tried."""

    code = "too_many_logins"


def check_password(password: str, *, field: str = "password") -> bytes:
    """The password's bytes; Invalid, naming the field, when it can never be one, which costs no hashing."""
    raw = password.encode(errors="surrogatepass")
    if len(password) < MIN_CHARS:
        raise _bad(field, "too_short", f"must have at least {MIN_CHARS} characters")
    if len(raw) > MAX_BYTES:
        raise _bad(field, "too_long", f"must have at most {MAX_BYTES} bytes in UTF-8")
    return raw


def _bad(field: str, code: str, message: str) -> Invalid:
    return Invalid(problems=[Problem(code, message, field=field)])


class Passwords:
    """Hashes at one cost; `close` ends its threads."""

    def __init__(self, cost: int) -> None:
        self.cost = cost
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="bcrypt")
        self._waiting = 0
        # Any well-formed hash of the same cost takes the same time to compare.
        self._dummy = f"$2b${cost:02d}${'.' * 53}".encode()

    async def hash(self, password: str) -> str:
        """The hash to store; Invalid for what bcrypt cannot take."""
        raw = check_password(password)
        return await self._run(lambda: bcrypt.hashpw(raw, bcrypt.gensalt(self.cost)).decode())

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether this is the password; without an account (None) or a usable hash it takes just as long to say no."""
        raw = check_password(password)
        usable = stored is not None and stored != UNUSABLE
        against = stored.encode() if stored is not None and usable else self._dummy
        return await self._run(lambda: bcrypt.checkpw(raw, against)) and usable

    def outdated(self, stored: str) -> bool:
        """Whether this hash was made at another cost."""
        return not stored.startswith(f"$2b${self.cost:02d}$")

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise TooMany
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads after the work in hand."""
        self._pool.shutdown(wait=False, cancel_futures=True)
