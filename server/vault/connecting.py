"""A person says yes at the provider: sending them there, and taking what they bring back.

The browser that comes back carries no token of ours. What it carries is the state we gave it: sealed, good for one
secret, once, for ten minutes; the code is of no use without the verifier, which never left.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from engine.clock import Clock, now_ms
from engine.errors import Conflict, FlowDeskError, Invalid, NotFound
from engine.sdk import Host
from engine.secret_rows import SecretRow
from server.vault import oauth
from server.vault.keeper import Keeper
from server.vault.sealing import Content, seal, unseal

_KIND: Final = "state"
_ID: Final = 16


@dataclass(slots=True, frozen=True)
class Connected:
    """A connection that has its tokens now: the secret's row before and after, and the user who began it."""

    before: SecretRow
    after: SecretRow
    user_id: str


class Connecting:
    """The two halves of an authorization."""

    def __init__(self, keeper: Keeper, host: Host, *, clock: Clock = now_ms) -> None:
        self._keeper = keeper
        self._host = host
        self._clock = clock

    async def begin(self, owner: str, name: str, redirect_uri: str, *, by: str) -> str:
        """The provider's address to send a person to; Conflict for a secret that is no connection."""
        row = await self._keeper.rows.get(owner, name)
        content = unseal(row, self._keeper.keyring)
        if content.connection is None:
            raise Conflict(f"{name} is no OAuth2 connection", code="not_a_connection")
        state = self._state(owner, name)
        url, asked = oauth.begin(content.connection, redirect_uri, state, self._clock())
        pending = {**asked["pending"], "userId": by}
        await self._keeper.renewer.change(owner, name, lambda known: {**known, "pending": pending})
        return url

    async def finish(self, state: str, code: str | None, denied: str | None) -> Connected:
        """Take what came back. Invalid when nobody waits for it, or the provider says no."""
        owner, name = self._read(state)
        try:
            row = await self._keeper.rows.get(owner, name)
            connection = unseal(row, self._keeper.keyring).connection
        except NotFound:
            connection = None
        pending = None if connection is None else oauth.awaited(connection, state, self._clock())
        if connection is None or pending is None:
            raise _stale()
        # Once only: whoever comes again with the same state finds nothing.
        taken = await self._take(owner, name, state)
        if not taken:
            raise _stale()
        if denied is not None or code is None:
            raise Invalid("the provider did not agree", code="oauth_denied", hint="begin again, and allow it there")
        tokens = await oauth.exchange(self._host, owner, connection, pending, code)
        now = self._clock()
        await self._keeper.renewer.change(owner, name, lambda known: oauth.with_tokens(known, tokens, now))
        return Connected(row, await self._keeper.rows.get(owner, name), pending["userId"])

    async def _take(self, owner: str, name: str, state: str) -> bool:
        """Whether this call is the one that takes the pending authorization away."""
        taken = False

        def take(known: oauth.Connection) -> oauth.Connection:
            nonlocal taken
            taken = oauth.awaited(known, state, self._clock()) is not None
            return {**known, "pending": None}

        await self._keeper.renewer.change(owner, name, take)
        return taken

    def _state(self, owner: str, name: str) -> str:
        """Says whose it is to us alone."""
        key = self._keeper.keyring.sealing()
        ticket = Content(value=secrets.token_urlsafe(16), source=f"{owner}\n{name}")
        sealed = seal(ticket, key, owner="", name="", kind=_KIND)
        return key.id + sealed.replace("+", "-").replace("/", "_").rstrip("=")

    def _read(self, state: str) -> tuple[str, str]:
        key_id, sealed = state[:_ID], state[_ID:].replace("-", "+").replace("_", "/")
        sealed += "=" * (-len(sealed) % 4)
        row = SecretRow("", "", _KIND, 0, key_id, sealed, {}, 0, 0)
        try:
            owner, _, name = (unseal(row, self._keeper.keyring).source or "").partition("\n")
        except FlowDeskError:
            raise _stale() from None
        return owner, name


def _stale() -> Invalid:
    return Invalid(
        "this authorization is not awaited any more",
        code="oauth_state",
        hint="begin again with: flowdesk secrets connect NAME",
    )
