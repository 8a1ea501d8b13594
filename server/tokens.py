"""Bearer tokens: signed, short of everything but who and until when, and fast to check again."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import jwt

from engine.models.run import User
from server.problems import Unauthenticated

ALGORITHM: Final = "HS256"
ISSUER: Final = "flowdesk"
AUDIENCE: Final = "flowdesk-api"
REQUIRED: Final = ("exp", "iat", "sub", "aud", "iss", "typ", "ver")
MAX_TOKEN_CHARS: Final = 2048
REMEMBERED: Final = 4096
"""Tokens whose signature need not be checked again; the oldest are forgotten first."""

_ACCESS: Final = "access"
_LOCAL: Final = "local"
_DEVICE: Final = "device"
_DEVICE_S: Final = 365 * 86_400
_LOCAL_S: Final = 10 * 365 * 86_400


@dataclass(slots=True, frozen=True)
class Claims:
    """What a valid token says. `version` must still be the user's `token_version`, and the session must last."""

    user_id: str
    version: int
    expires: int
    session: str | None = None


class Tokens:
    """Makes and checks tokens under one key."""

    def __init__(self, key: bytes, *, hours: int, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._seconds = hours * 3600
        self._clock = clock
        self._boot = secrets.token_hex(16)
        self._remembered: OrderedDict[bytes, Claims] = OrderedDict()

    def issue(self, user: User, session: str | None = None) -> str:
        """A token for somebody who has just proved who they are; it ends with the session, if there is one."""
        return self._sign(user, _ACCESS, self._seconds, {} if session is None else {"sid": session})

    def issue_device(self, user: User) -> str:
        """A proof that somebody logged in to this account from that device; good for nothing but another login."""
        return self._sign(user, _DEVICE, _DEVICE_S, {"acc": _account(user.email), "jti": secrets.token_hex(8)})

    def device(self, token: str, email: str) -> str | None:
        """Which device of this account has this proof; None when it is none."""
        if len(token) > MAX_TOKEN_CHARS or not token.isascii():
            return None
        try:
            found = self._decoded(token)
        except jwt.PyJWTError:
            return None
        expires, device = found["exp"], found.get("jti")
        if found["typ"] != _DEVICE or type(expires) is not int or expires <= self._clock() or type(device) is not str:
            return None
        return device if secrets.compare_digest(str(found.get("acc")), _account(email)) else None

    def issue_local(self, user: User) -> str:
        """A token for the person this process belongs to; it ends with the process."""
        return self._sign(user, _LOCAL, _LOCAL_S, {"boot": self._boot})

    def _sign(self, user: User, kind: str, seconds: int, more: dict[str, str]) -> str:
        now = int(self._clock())
        claims: dict[str, Any] = {
            "sub": user.id,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + seconds,
            "typ": kind,
            "ver": user.token_version,
            **more,
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def read(self, token: str) -> Claims:
        """What the token says, or Unauthenticated; it is looked at again only after it was forgotten."""
        if len(token) > MAX_TOKEN_CHARS or not token.isascii():
            raise _invalid()
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._remembered.get(digest)
        if claims is None:
            claims = self._verified(token)
            self._remembered[digest] = claims
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        if claims.expires <= self._clock():
            self._remembered.pop(digest, None)
            raise _expired()
        return claims

    def _verified(self, token: str) -> Claims:
        try:
            found = self._decoded(token)
        except jwt.PyJWTError:
            raise _invalid() from None
        version, expires, kind = found["ver"], found["exp"], found["typ"]
        if type(version) is not int or type(expires) is not int or kind not in (_ACCESS, _LOCAL):
            raise _invalid()
        if kind == _LOCAL and not secrets.compare_digest(str(found.get("boot")), self._boot):
            raise _expired()
        session = found.get("sid")
        if not isinstance(session, str | None):
            raise _invalid()
        return Claims(found["sub"], version, expires, session)

    def _decoded(self, token: str) -> dict[str, Any]:
        found: dict[str, Any] = jwt.decode(
            token,
            self._key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            # Expiry is checked by our own clock, for remembered tokens too.
            options={"require": list(REQUIRED), "verify_exp": False, "verify_iat": False, "strict_aud": True},
        )
        return found


def _account(email: str) -> str:
    return hashlib.sha256(email.encode(errors="surrogatepass")).hexdigest()


def _invalid() -> Unauthenticated:
    return Unauthenticated("the token is not valid", code="invalid_token", hint="log in again")


def _expired() -> Unauthenticated:
    return Unauthenticated("the token has expired", code="expired_token", hint="log in again")
