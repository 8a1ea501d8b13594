"""Calls about a workflow's webhook: its addresses."""

from __future__ import annotations

from typing import cast

from flowdesk.client_http import Http, quote
from flowdesk.hook_replies import HookDoc


class Hooks:
    """How webhooks are reached."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def get(self, workflow_id: str) -> HookDoc:
        """A workflow's webhook with its addresses."""
        return cast(HookDoc, (await self._http.call("GET", f"/api/workflows/{quote(workflow_id)}/hook")).body)

    async def rotate(self, workflow_id: str, *, grace_seconds: int = 0) -> HookDoc:
        """Give it a new secret address; those before it work for so long still."""
        path = f"/api/workflows/{quote(workflow_id)}/hook/rotate"
        return cast(HookDoc, (await self._http.call("POST", path, body={"graceSeconds": grace_seconds})).body)
