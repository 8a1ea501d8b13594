"""The next token when one has expired: a refresh token works once, and every process of this user shares it.

So whoever renews holds a lock beside the contexts file, looks there first whether another process has done it already,
and writes down what it was given before it uses it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowdesk import contexts
from flowdesk.client import Client
from flowdesk.errors import BadContext, NotAuthorised

if TYPE_CHECKING:
    from flowdesk.replies import Session

_LOCK_S: Final = 40.0
"""Longer than any answer takes that another process may be waiting for."""
_LOOK_S: Final = 0.05


class ContextRenewal:
    """Renews the token of a context for all processes that use it."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name

    async def __call__(self, stale: str) -> str | None:
        """The token to use instead; None when somebody must log in."""
        async with _locked(self._path.with_name(f"{self._path.name}.lock")):
            context = contexts.load(self._path).known.get(self._name)
            if context is None or context.token is None:
                return None
            if context.token != stale:
                return context.token
            session = await _renewed(context.url, context.refresh)
            token, refresh = (session["token"], session.get("refreshToken")) if session else (None, None)
            # Read again: what else is in the file may have changed while the server was asked.
            known = contexts.load(self._path)
            contexts.save(self._path, known.put(replace(context, token=token or stale, refresh=refresh), use=False))
            return token


class SessionRenewal:
    """Renews a token that is kept nowhere but in this process."""

    def __init__(self, url: str, refresh: str) -> None:
        self._url = url
        self._refresh: str | None = refresh

    async def __call__(self, stale: str) -> str | None:
        """The token to use instead; None when somebody must log in."""
        session = await _renewed(self._url, self._refresh)
        self._refresh = session.get("refreshToken") if session else None
        return session["token"] if session else None


async def _renewed(url: str, refresh: str | None) -> Session | None:
    if refresh is None:
        return None
    try:
        async with Client(url) as client:
            return await client.refresh(refresh)
    except NotAuthorised:
        return None


@asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    """Alone among the processes of this machine; the lock goes with its process."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BadContext(f"cannot write {path}: {error.strerror}") from None
    try:
        try:
            async with asyncio.timeout(_LOCK_S):
                while not _taken(descriptor):  # noqa: ASYNC110 - nobody tells when such a lock is free
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise BadContext(f"another process keeps {path} locked", hint="try again") from None
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
