"""Calls about secrets; values go out, and none ever comes back."""

from __future__ import annotations

from typing import Any, Final, cast

from flowdesk.client_http import Http, page_of, quote
from flowdesk.replies import Page
from flowdesk.secret_replies import ConnectDoc, RotatedDoc, SecretDoc, SecretTestDoc

BASE: Final = "/api/secrets"


class Secrets:
    """What can be done with secrets."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(self, *, limit: int = 50, cursor: str | None = None) -> Page[SecretDoc]:
        """Secrets by name."""
        return page_of(await self._http.call("GET", BASE, query={"limit": limit, "cursor": cursor}))

    async def get(self, name: str) -> SecretDoc:
        """One secret, without its value."""
        return cast(SecretDoc, (await self._http.call("GET", f"{BASE}/{quote(name)}")).body)

    async def create(self, name: str, document: dict[str, Any]) -> SecretDoc:
        """Keep a new secret; InConflict when there is one of this name."""
        return cast(SecretDoc, (await self._http.call("POST", BASE, body={"name": name, **document})).body)

    async def change(self, name: str, document: dict[str, Any]) -> SecretDoc:
        """Change what the document gives."""
        return cast(SecretDoc, (await self._http.call("PUT", f"{BASE}/{quote(name)}", body=document)).body)

    async def delete(self, name: str, *, force: bool = False) -> None:
        """Remove a secret; InConflict while workflows read it, unless `force`."""
        await self._http.call("DELETE", f"{BASE}/{quote(name)}", query={"force": force})

    async def test(self, name: str) -> SecretTestDoc:
        """Whether a step would get it now."""
        return cast(SecretTestDoc, (await self._http.call("POST", f"{BASE}/{quote(name)}/test")).body)

    async def connect(self, name: str, redirect_uri: str | None = None) -> ConnectDoc:
        """Where a person says yes to an OAuth2 connection."""
        body = {} if redirect_uri is None else {"redirectUri": redirect_uri}
        return cast(ConnectDoc, (await self._http.call("POST", f"{BASE}/{quote(name)}/connect", body=body)).body)

    async def rotate_key(self, *, drop_old: bool = False) -> RotatedDoc:
        """Seal the secrets of all tenants with a new key; for administrators."""
        reply = await self._http.call("POST", f"{BASE}/rotate-key", body={"dropOld": drop_old})
        return cast(RotatedDoc, reply.body)
