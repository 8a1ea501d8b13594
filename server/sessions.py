"""Sessions: what a login begins and a logout ends. A refresh token works once and brings the next one."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from engine.clock import Clock, now_ms
from engine.errors import NotFound
from engine.ids import new_id
from engine.tenancy import Credential, CredentialKind, Credentials
from server import vouchers
from server.problems import Unauthenticated

DAY_MS: Final = 86_400_000
MAX_SESSIONS: Final = 100
"""Sessions of one user that lists show."""
TWICE_MS: Final = 10_000
"""How long after its use the same refresh token is taken for a request that was sent twice, not for a stolen one."""
PRUNED_AT_ONCE: Final = 100

log = logging.getLogger("flowdesk.server")


class Sessions:
    """Begins, renews and ends sessions. One that was ended elsewhere lasts some seconds more."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        days: int,
        clock: Clock = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._lasts_ms = days * DAY_MS
        self._clock = clock
        self._alive: vouchers.Remembered[bool] = vouchers.Remembered(monotonic)

    async def begin(self, user_id: str, *, address: str, agent: str) -> tuple[Credential, str]:
        """A new session and its refresh token; sessions long over are cleared away on this occasion."""
        now = self._clock()
        session_id = new_id(now)
        text = _fresh(session_id)
        session = Credential(
            session_id,
            CredentialKind.SESSION,
            vouchers.digest_of(text),
            user_id,
            None,
            {"address": address, "agent": agent, "previous": None, "renewedAt": now},
            now,
            now + self._lasts_ms,
        )
        await self._credentials.create(session)
        await self._credentials.prune(expired_before=now, limit=PRUNED_AT_ONCE)
        return session, text

    async def renew(self, text: str) -> tuple[Credential, str]:
        """The session of this refresh token, and the next one; Unauthenticated when it is none any more.

        A refresh token that comes back after its use was copied by somebody: nobody can tell who has the right one, so
        the session ends.
        """
        digest, now = vouchers.digest_of(text), self._clock()
        session_id = text.removeprefix(vouchers.SESSION).partition("_")[0]
        known = await self._credentials.get(session_id) if len(text) <= vouchers.MAX_CHARS else None
        if known is None or known.kind is not CredentialKind.SESSION or (known.expires_at or 0) <= now:
            raise _over()
        if not hmac.compare_digest(known.digest, digest):
            await self._maybe_stolen(known, digest, now)
            raise _over()
        following = _fresh(session_id)
        renewed = replace(
            known,
            digest=vouchers.digest_of(following),
            expires_at=now + self._lasts_ms,
            about={**known.about, "previous": digest, "renewedAt": now},
        )
        if not await self._credentials.replace(renewed, digest=digest):
            raise _over()
        return renewed, following

    async def _maybe_stolen(self, known: Credential, digest: str, now: int) -> None:
        previous = known.about.get("previous")
        came_back = isinstance(previous, str) and hmac.compare_digest(previous, digest)
        if came_back and now - known.about["renewedAt"] > TWICE_MS:
            log.warning("a used refresh token came back; session %s of user %s ends", known.id, known.user_id)
            await self.end(known.id)

    async def is_alive(self, session_id: str) -> bool:
        """Whether tokens of this session are still good."""
        if self._alive.get(session_id):
            return True
        known = await self._credentials.get(session_id)
        alive = known is not None and known.kind is CredentialKind.SESSION
        return self._alive.put(session_id, True) if alive else False

    async def end(self, session_id: str) -> None:
        """No token of this session is good any more."""
        await self._credentials.delete(session_id)
        self._alive.forget(session_id)

    async def end_one_of(self, user_id: str, session_id: str) -> None:
        """The same, for a session of this user; NotFound for any other."""
        known = await self._credentials.get(session_id)
        if known is None or known.kind is not CredentialKind.SESSION or known.user_id != user_id:
            raise NotFound
        await self.end(session_id)

    async def end_all(self, user_id: str) -> None:
        """The same, for all sessions of a user."""
        await self._credentials.delete_some(CredentialKind.SESSION, user_id=user_id)
        self._alive.forget_all()

    async def of_user(self, user_id: str) -> list[Credential]:
        """A user's sessions, newest first."""
        now = self._clock()
        found = await self._credentials.some(CredentialKind.SESSION, limit=MAX_SESSIONS, user_id=user_id)
        return [one for one in found if (one.expires_at or 0) > now]


def _fresh(session_id: str) -> str:
    return vouchers.fresh(f"{vouchers.SESSION}{session_id}_")


def _over() -> Unauthenticated:
    return Unauthenticated("the refresh token is not valid", code="invalid_token", hint="log in again")
