"""API keys: for programs, in one workspace, with no more than some of their maker's permissions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from engine.clock import Clock, now_ms
from engine.errors import Conflict, NotFound
from engine.ids import new_id
from engine.models.run import User
from engine.tenancy import Credential, CredentialKind, Credentials
from server import vouchers
from server.problems import Unauthenticated

MAX_KEYS: Final = 100
"""Keys of one user in one workspace."""
COARSE_MS: Final = 3_600_000
"""How exact the time of the last use is."""


class ApiKeys:
    """Makes, finds and ends keys. One that was ended elsewhere works for some seconds more."""

    def __init__(
        self, credentials: Credentials, *, clock: Clock = now_ms, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._found: vouchers.Remembered[Credential] = vouchers.Remembered(monotonic)

    async def create(
        self, user: User, workspace_id: str, *, name: str, scopes: Sequence[str], expires_at: int | None
    ) -> tuple[Credential, str]:
        """A new key and its text, which is nowhere to be had again."""
        mine = await self._credentials.some(
            CredentialKind.KEY, limit=MAX_KEYS, user_id=user.id, workspace_id=workspace_id
        )
        if len(mine) >= MAX_KEYS:
            raise Conflict(f"you have {MAX_KEYS} keys here already", code="too_many_keys", hint="remove some")
        text = vouchers.fresh(vouchers.KEY)
        about = {"name": name, "scopes": list(scopes), "prefix": text[: vouchers.SHOWN]}
        now = self._clock()
        digest = vouchers.digest_of(text)
        key = Credential(new_id(now), CredentialKind.KEY, digest, user.id, workspace_id, about, now, expires_at)
        await self._credentials.create(key)
        return key, text

    async def find(self, text: str) -> Credential:
        """The key with this text; Unauthenticated for an unknown or expired one."""
        digest = vouchers.digest_of(text)
        key = self._found.get(digest) or await self._ask(digest)
        now = self._clock()
        if key.expires_at is not None and key.expires_at <= now:
            raise Unauthenticated("the API key has expired", code="expired_token", hint="make another one")
        if key.used_at is None or now - key.used_at >= COARSE_MS:
            await self._credentials.used(key.id, now)
            self._found.forget(digest)
        return key

    async def _ask(self, digest: str) -> Credential:
        key = await self._credentials.by_digest(digest)
        if key is None or key.kind is not CredentialKind.KEY:
            raise Unauthenticated("the API key is not valid", code="invalid_token", hint="was it removed?")
        return self._found.put(digest, key)

    async def page(self, workspace_id: str, user_id: str | None) -> list[Credential]:
        """Keys of a workspace, or only this user's; newest first."""
        return await self._credentials.some(
            CredentialKind.KEY, limit=MAX_KEYS * 10, user_id=user_id, workspace_id=workspace_id
        )

    async def delete(self, key_id: str, workspace_id: str, user_id: str | None) -> Credential:
        """End a key of this workspace, and of this user unless None; NotFound for any other."""
        key = await self._credentials.get(key_id)
        if (
            key is None
            or (key.kind, key.workspace_id) != (CredentialKind.KEY, workspace_id)
            or user_id not in (None, key.user_id)
            or not await self._credentials.delete(key_id)
        ):
            raise NotFound
        self._found.forget(key.digest)
        return key

    async def leave(self, workspace_id: str, user_id: str | None = None) -> None:
        """End all keys of a workspace, or this user's there."""
        await self._credentials.delete_some(CredentialKind.KEY, user_id=user_id, workspace_id=workspace_id)
        self._found.forget_all()
