"""An OAuth2 provider on this machine: authorization codes with PKCE, refresh tokens that are good once."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from aiohttp import web


@dataclass
class Provider:
    """What it has given out. `lasts_s` is the life of the next token; `refuses` makes it say no, `away` not answer."""

    port: int = 0
    lasts_s: int = 3600
    refuses: str | None = None
    away: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh: str | None = None
    given: list[str] = field(default_factory=list)
    stolen: bool = False

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def document(self) -> dict[str, object]:
        """The connection to it."""
        return {
            "authorizeUrl": f"{self.url}/authorize",
            "tokenUrl": f"{self.url}/token",
            "clientId": "flowdesk",
            "clientSecret": "client-secret-value",
            "scopes": ["read", "write"],
        }

    def says_yes(self, url: str) -> tuple[str, str]:
        """A person agrees: the state and code they are sent back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["scope"] == "read write"
        code = secrets.token_urlsafe(12)
        self.codes[code] = asked
        return asked["state"], code

    async def token(self, request: web.Request) -> web.StreamResponse:
        """The token endpoint."""
        form = await request.post()
        if self.away:
            return web.Response(status=503)
        assert form["client_secret"] == "client-secret-value"
        if self.refuses is not None:
            return web.json_response({"error": self.refuses}, status=400)
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(str(form["code"]), None)
            digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if asked is None or asked["code_challenge"] != proof or asked["redirect_uri"] != form["redirect_uri"]:
                return web.json_response({"error": "invalid_grant"}, status=400)
        elif form["refresh_token"] != self.refresh:
            self.stolen = True  # used twice: real providers revoke everything then
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.refresh = secrets.token_urlsafe(16)
        self.given.append(f"access-{secrets.token_urlsafe(16)}")
        answer = {"access_token": self.given[-1], "refresh_token": self.refresh, "expires_in": self.lasts_s}
        return web.json_response(answer)


@asynccontextmanager
async def providing() -> AsyncIterator[Provider]:
    """The provider, on a port of this machine."""
    provider = Provider()
    app = web.Application()
    app.router.add_post("/token", provider.token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.port = int(runner.addresses[0][1])
    try:
        yield provider
    finally:
        await runner.cleanup()
