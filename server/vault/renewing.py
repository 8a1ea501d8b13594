"""Keeping OAuth2 connections fresh: one process at a time, since providers take back what is used twice.

Within a process a lock gathers everybody who wants the same token; between processes a lease on the row does. Whoever
waits looks at the row again and takes what the other one has fetched.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from weakref import WeakValueDictionary

from engine.clock import Clock
from engine.errors import Invalid, Unavailable, VersionConflict
from engine.sdk import Host
from engine.secret_rows import SecretRow, Secrets
from server.vault import oauth
from server.vault.keyring import Keyring
from server.vault.sealing import Content, seal, unseal
from server.vault.telling import about_of

LEASE_MS: Final = 30_000
PATIENCE_S: Final = 25.0
LOOK_S: Final = 0.1
_SAVES: Final = 8

log = logging.getLogger("flowdesk.vault")


class Renewer:
    """Gives the content of a connection with an access token that still lasts."""

    def __init__(self, rows: Secrets, keyring: Keyring, host: Host, clock: Clock) -> None:
        self._rows = rows
        self._keyring = keyring
        self._host = host
        self._clock = clock
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def fresh(self, row: SecretRow, content: Content) -> str:
        """The access token. Invalid when a person must connect it again, Unavailable when the provider is away."""
        token = self._token(content)
        if token is not None:
            return token
        key = (row.owner_id, row.name)
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            return await self._one_at_a_time(*key)

    async def _one_at_a_time(self, owner: str, name: str) -> str:
        holder = secrets.token_hex(8)
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        while True:
            row, content = await self._look(owner, name)
            token = self._token(content)
            if token is not None:
                return token
            now = self._clock()
            if await self._rows.lease(owner, name, holder=holder, now=now, until=now + LEASE_MS):
                try:
                    return await self._renew(row.owner_id, name)
                finally:
                    await self._rows.unlease(owner, name, holder=holder)
            if loop.time() >= until:
                raise Unavailable(f"the connection {name} is being renewed elsewhere", code="secret_refresh_failed")
            await asyncio.sleep(LOOK_S)

    async def _renew(self, owner: str, name: str) -> str:
        """Ask the provider, while nobody else does."""
        _, content = await self._look(owner, name)  # somebody may have been here before the lease was ours
        token = self._token(content)
        if token is not None or content.connection is None:
            return token or ""
        asked_with = content.connection["refreshToken"]
        try:
            tokens = await oauth.renew(self._host, owner, content.connection)
        except Unavailable:
            left = self._left(content)
            if left is None:
                raise
            log.warning("a connection could not be renewed yet; its token lasts a little longer")
            return left
        except oauth.Denied as error:
            problem = error.message
            await self.change(owner, name, lambda known: _broken(known, asked_with, problem))
            raise Invalid(f"the connection {name} is broken: {problem}", code=error.code, hint=error.hint) from None
        now = self._clock()
        await self.change(owner, name, lambda known: oauth.with_tokens(known, tokens, now))
        return tokens.access

    async def change(self, owner: str, name: str, change: Callable[[oauth.Connection], oauth.Connection]) -> None:
        """Write a connection, over what else was changed meanwhile, and through a store that is away for moments."""
        for attempt in range(_SAVES):
            try:
                row, content = await self._look(owner, name)
                if content.connection is None:
                    return
                await self._save(row, replace(content, connection=change(content.connection)))
            except VersionConflict:
                continue
            except Unavailable:
                if attempt == _SAVES - 1:
                    raise
                await asyncio.sleep(min(2.0, 0.1 * 2**attempt))
            else:
                return

    async def _save(self, row: SecretRow, content: Content) -> None:
        key = self._keyring.sealing()
        now = self._clock()
        sealed = seal(content, key, owner=row.owner_id, name=row.name, kind=row.kind)
        about = about_of(content, row.about["description"], now)
        changed = replace(row, revision=row.revision + 1, key_id=key.id, sealed=sealed, about=about, updated_at=now)
        await self._rows.replace(changed)

    async def _look(self, owner: str, name: str) -> tuple[SecretRow, Content]:
        row = await self._rows.get(owner, name)
        return row, unseal(row, self._keyring)

    def _token(self, content: Content) -> str | None:
        """The token when it need not be renewed; Invalid when it cannot be."""
        connection = content.connection or {}
        if oauth.state_of(connection, self._clock()) != "connected" and not oauth.is_due(connection, self._clock()):
            raise Invalid(
                connection.get("problem") or "this connection was not made yet",
                code="secret_disconnected",
                hint="connect it: flowdesk secrets connect NAME",
            )
        return None if oauth.is_due(connection, self._clock()) else str(connection["accessToken"])

    def _left(self, content: Content) -> str | None:
        """The old token as long as it lasts."""
        connection = content.connection or {}
        expires = connection.get("expiresAt")
        return connection.get("accessToken") if expires is not None and self._clock() < expires else None


def _broken(connection: oauth.Connection, asked_with: str, problem: str) -> oauth.Connection:
    """Unless a person has connected it anew meanwhile."""
    return connection if connection.get("refreshToken") != asked_with else {**connection, "problem": problem}
