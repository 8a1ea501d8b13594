"""Who is asking: from the Authorization header to a user."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from engine.models.run import User
from server.accounts import Accounts
from server.problems import Unauthenticated
from server.tokens import Tokens

HINT: Final = "send Authorization: Bearer <token>"


class Authenticator:
    """Turns a bearer token into its user; every refusal is an Unauthenticated."""

    def __init__(self, tokens: Tokens, accounts: Accounts) -> None:
        self._tokens = tokens
        self._accounts = accounts

    async def __call__(self, request: web.Request) -> User:
        """The user whose token the request carries."""
        claims = self._tokens.read(_bearer(request))
        user = await self._accounts.by_id(claims.user_id)
        if user is None or user.token_version != claims.version:
            raise Unauthenticated("the token is no longer valid", code="invalid_token", hint="log in again")
        return user


def _bearer(request: web.Request) -> str:
    given = request.headers.getall(hdrs.AUTHORIZATION, ())
    if not given:
        raise Unauthenticated("this needs a token", code="token_missing", hint=HINT)
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token:
        raise Unauthenticated(
            "the Authorization header is not understood",
            code="invalid_token",
            hint="send Authorization: Bearer <token>",
        )
    return token.strip()
