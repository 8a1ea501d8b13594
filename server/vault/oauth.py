"""The OAuth2 client: authorization code with PKCE (RFC 6749, 7636), and refreshing; no state of its own.

What providers answer goes nowhere but into the sealed connection: errors name their `error` code and nothing else.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import aiohttp
from yarl import URL

from engine.errors import BadJson, Invalid, Unavailable
from engine.jsonio import parse_json
from engine.sdk import Host
from plugins.http.client import open_client
from plugins.http.guard import NotListed

TIMEOUT_S: Final = 10.0
MAX_BYTES: Final = 100_000
PENDING_MS: Final = 600_000
"""How long a person has to say yes at the provider."""
_CODE: Final = re.compile(r"[a-z_]{1,60}")

Connection = dict[str, Any]


@dataclass(slots=True, frozen=True)
class Tokens:
    """What a provider gave. `lasts_ms` is None for a token without an end."""

    access: str
    refresh: str | None
    lasts_ms: int | None


class Denied(Invalid):
    """The provider refuses: only a person can help, by connecting again."""

    code = "secret_disconnected"


def begin(connection: Connection, redirect_uri: str, state: str, now: int) -> tuple[str, Connection]:
    """Where to send the person, and the connection that remembers what was asked."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        **connection["parameters"],
        "response_type": "code",
        "client_id": connection["clientId"],
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if connection["scopes"]:
        asked["scope"] = " ".join(connection["scopes"])
    known = hashlib.sha256(state.encode()).hexdigest()
    pending = {"state": known, "verifier": verifier, "redirectUri": redirect_uri, "until": now + PENDING_MS}
    url = str(URL(connection["authorizeUrl"]).update_query(asked))
    return url, {**connection, "pending": pending}


def awaited(connection: Connection, state: str, now: int) -> dict[str, Any] | None:
    """What was asked with this state; None when nothing was, or too long ago, or by an older FlowDesk."""
    pending: dict[str, Any] | None = connection.get("pending")
    known = hashlib.sha256(state.encode()).hexdigest()
    if (
        pending is None
        or "userId" not in pending
        or not secrets.compare_digest(pending["state"], known)
        or pending["until"] < now
    ):
        return None
    return pending


async def exchange(host: Host, owner: str, connection: Connection, pending: dict[str, Any], code: str) -> Tokens:
    """Tokens for the code a person brought back; `owner` is the workspace that asks."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": pending["redirectUri"]}
    return await _ask(host, owner, connection, {**form, "code_verifier": pending["verifier"]})


async def renew(host: Host, owner: str, connection: Connection) -> Tokens:
    """New tokens for the refresh token."""
    form = {"grant_type": "refresh_token", "refresh_token": connection["refreshToken"]}
    return await _ask(host, owner, connection, form)


async def _ask(host: Host, owner: str, connection: Connection, form: dict[str, str]) -> Tokens:
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    client_id, client_secret = connection["clientId"], connection.get("clientSecret")
    if client_secret is not None and connection["clientAuth"] == "basic":
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form = {**form, "client_id": client_id} | ({} if client_secret is None else {"client_secret": client_secret})
    try:
        async with asyncio.timeout(TIMEOUT_S), open_client(host) as client, client.pools.lease(owner) as pool:
            url = URL(connection["tokenUrl"])
            pool.judge(url)
            sent = urlencode(form).encode()
            async with pool.session.post(url, data=sent, headers=headers, allow_redirects=False) as response:
                return _tokens(response.status, await response.content.read(MAX_BYTES))
    except NotListed:
        raise Unavailable(
            "this workspace does not let anything connect to the provider of the connection",
            code="secret_refresh_failed",
            hint="an owner can change that: flowdesk egress",
        ) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _away(type(error).__name__) from None


def _tokens(status: int, raw: bytes) -> Tokens:
    try:
        answer = parse_json(raw)
    except BadJson:
        answer = None
    if not isinstance(answer, dict):
        answer = {}
    # Some providers say no with status 200.
    if status >= 500 or status == 429:
        raise _away(f"status {status}")
    if status != 200 or "error" in answer:
        said = str(answer.get("error", ""))
        reason = said if _CODE.fullmatch(said) else f"status {status}"
        raise Denied(f"the provider refuses: {reason}", hint="connect it again: flowdesk secrets connect NAME")
    access, refresh, lasts = answer.get("access_token"), answer.get("refresh_token"), answer.get("expires_in")
    if not isinstance(access, str) or not access:
        raise Denied("the provider's answer holds no access token", hint="check the token URL")
    if isinstance(lasts, str) and lasts.isdigit():
        lasts = int(lasts)
    if isinstance(lasts, bool) or not isinstance(lasts, int | float) or not 0 < lasts < 1e9:
        lasts = None
    refresh = refresh if isinstance(refresh, str) and refresh else None
    return Tokens(access, refresh, None if lasts is None else int(lasts * 1000))


def _away(reason: str) -> Unavailable:
    return Unavailable(
        f"the provider of the connection does not answer ({reason})",
        code="secret_refresh_failed",
        hint="it is tried again",
    )


def with_tokens(connection: Connection, tokens: Tokens, now: int) -> Connection:
    """The connection once it has these; a provider that sends no new refresh token means the old one."""
    return {
        **connection,
        "pending": None,
        "problem": None,
        "accessToken": tokens.access,
        "refreshToken": tokens.refresh or connection.get("refreshToken"),
        "obtainedAt": now,
        "expiresAt": None if tokens.lasts_ms is None else now + tokens.lasts_ms,
    }


EARLY_MS: Final = 60_000


def is_due(connection: Connection, now: int) -> bool:
    """Whether the access token should be renewed: in its last minute, or the last half of a short life."""
    expires = connection.get("expiresAt")
    if connection.get("accessToken") is None:
        return connection.get("refreshToken") is not None
    if expires is None or connection.get("refreshToken") is None:
        return False
    life = expires - connection["obtainedAt"]
    return bool(now >= expires - min(EARLY_MS, life // 2))


def state_of(connection: Connection, now: int) -> str:
    """`new`, `connected`, or `broken` when only a person can help."""
    if connection.get("problem") is not None:
        return "broken"
    if connection.get("accessToken") is None:
        return "new"
    over = connection["expiresAt"] is not None and now >= connection["expiresAt"]
    return "broken" if over and connection.get("refreshToken") is None else "connected"
