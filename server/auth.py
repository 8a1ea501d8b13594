"""Who is asking: from the Authorization header to a user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from engine.models.run import User
from engine.tenancy import Credential
from server import vouchers
from server.accounts import Accounts
from server.api_keys import ApiKeys
from server.problems import Unauthenticated
from server.sessions import Sessions
from server.tokens import Tokens

HINT: Final = "send Authorization: Bearer <token>"


@dataclass(slots=True, frozen=True)
class Identity:
    """Who asks, and by which API key or session; a token of neither has no credential."""

    user: User
    credential_id: str | None = None
    key: Credential | None = None


class Authenticator:
    """Turns a bearer token or an API key into its user; every refusal is an Unauthenticated."""

    def __init__(self, tokens: Tokens, accounts: Accounts, api_keys: ApiKeys, sessions: Sessions) -> None:
        self._tokens = tokens
        self._accounts = accounts
        self._api_keys = api_keys
        self._sessions = sessions

    async def __call__(self, request: web.Request) -> Identity:
        """Whose token the request carries."""
        token = _bearer(request)
        if token.startswith(vouchers.KEY):
            return await self._by_key(token)
        claims = self._tokens.read(token)
        user = await self._accounts.by_id(claims.user_id)
        if user is None or user.token_version != claims.version:
            raise _no_longer()
        if claims.session is not None and not await self._sessions.is_alive(claims.session):
            raise _no_longer()
        return Identity(user, claims.session)

    async def _by_key(self, token: str) -> Identity:
        if len(token) > vouchers.MAX_CHARS:
            raise Unauthenticated("the API key is not valid", code="invalid_token", hint="was it removed?")
        key = await self._api_keys.find(token)
        user = await self._accounts.by_id(key.user_id)
        if user is None:
            raise _no_longer()
        return Identity(user, key.id, key)


def _no_longer() -> Unauthenticated:
    return Unauthenticated("the token is no longer valid", code="invalid_token", hint="log in again")


def _bearer(request: web.Request) -> str:
    given = request.headers.getall(hdrs.AUTHORIZATION, ())
    if not given:
        raise Unauthenticated("this needs a token", code="token_missing", hint=HINT)
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token:
        raise Unauthenticated("the Authorization header is not understood", code="invalid_token", hint=HINT)
    return token.strip()
