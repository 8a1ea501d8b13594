"""Secret addresses of webhooks: long, random, replaced when they have become known to somebody.

Like API keys they are found by a digest, in one indexed query. What is kept besides is only a random part: together
with this installation's key it gives the address again, so that people who may change the workflow can look it up, and
a copy of the database does not open any webhook.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from engine.clock import Clock, now_ms
from engine.ids import new_id
from engine.models.workflow import Workflow
from engine.tenancy import Credential, CredentialKind, Credentials
from server import vouchers
from server.hooks.policy import WEBHOOK_REF

PREFIX: Final = "fdh_"
PATH: Final = "/api/hooks/"
MOST: Final = 20
"""Addresses of one workflow that work at once: the newest, and those that still may be used for a while."""
_PURPOSE: Final = b"flowdesk:hooks:1"


@dataclass(slots=True, frozen=True)
class Address:
    """One address. `path` is its last part; None when the key has changed since it was made.

    The one with the workflow's id was never made.
    """

    path: str | None = field(repr=False)
    created_at: int | None
    ends_at: int | None


class HookAddresses:
    """Makes, finds and ends addresses. One that was ended by another server works for some seconds more."""

    def __init__(
        self,
        credentials: Credentials,
        key: bytes,
        *,
        clock: Clock = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._key = hmac.new(key, _PURPOSE, hashlib.sha256).digest()
        self._clock = clock
        self._found: vouchers.Remembered[Credential] = vouchers.Remembered(monotonic)

    async def find(self, path: str) -> str | None:
        """The id of the workflow this leads to; None for what was never made, or has ended."""
        if len(path) > vouchers.MAX_CHARS or not path.startswith(PREFIX):
            return None
        digest = vouchers.digest_of(path)
        known = self._found.get(digest)
        if known is None:
            known = await self._credentials.by_digest(digest)
            if known is None or known.kind is not CredentialKind.HOOK:
                return None
            self._found.put(digest, known)
        return None if known.expires_at is not None and known.expires_at <= self._clock() else known.user_id

    async def of(self, workflow_id: str) -> list[Address]:
        """Those that lead to this workflow, newest first."""
        found = await self._living(workflow_id)
        return [Address(self._path_of(known), known.created_at, known.expires_at) for known in found]

    async def rotate(self, workflow: Workflow, *, grace_ms: int) -> Address:
        """A new address; those before it work for this long still."""
        before = await self._living(workflow.id)
        nonce, now = secrets.token_urlsafe(32), self._clock()
        path = self._path(workflow.id, nonce)
        # The column of users holds the workflow here: addresses are looked for by it.
        made = Credential(
            id=new_id(now),
            kind=CredentialKind.HOOK,
            digest=vouchers.digest_of(path),
            user_id=workflow.id,
            workspace_id=workflow.owner_id,
            about={"nonce": nonce},
            created_at=now,
            expires_at=None,
        )
        await self._credentials.create(made)
        for place, old in enumerate(before):
            await self._end(old, now + grace_ms if place < MOST - 1 else now)
        return Address(path, now, None)

    async def ensure(self, workflow: Workflow) -> None:
        """Make an address for a workflow that is to be reached by nothing else, if it has none."""
        trigger = next((step for step in workflow.steps if step.ref == WEBHOOK_REF), None)
        if trigger is not None and trigger.params.get("address") == "own" and not await self._living(workflow.id):
            await self.rotate(workflow, grace_ms=0)

    async def forget(self, workflow_id: str) -> None:
        """End all addresses of a workflow that is gone."""
        await self._credentials.delete_some(CredentialKind.HOOK, user_id=workflow_id)
        self._found.forget_all()

    async def _living(self, workflow_id: str) -> list[Credential]:
        now = self._clock()
        found = await self._credentials.some(CredentialKind.HOOK, limit=MOST * 5, user_id=workflow_id)
        return [known for known in found if known.expires_at is None or known.expires_at > now]

    async def _end(self, known: Credential, at: int) -> None:
        if at <= self._clock():
            await self._credentials.delete(known.id)
        elif known.expires_at is None or known.expires_at > at:
            await self._credentials.replace(replace(known, expires_at=at), digest=known.digest)
        self._found.forget(known.digest)

    def _path(self, workflow_id: str, nonce: str) -> str:
        digest = hmac.new(self._key, f"{workflow_id}.{nonce}".encode(), hashlib.sha256).digest()
        return PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _path_of(self, known: Credential) -> str | None:
        path = self._path(known.user_id, str(known.about.get("nonce")))
        return path if hmac.compare_digest(vouchers.digest_of(path), known.digest) else None
