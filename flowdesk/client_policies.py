"""Calls about what holds for a whole workspace: quotas, and where its steps may connect to."""

from __future__ import annotations

from typing import Any, TypedDict, cast

from flowdesk.client_http import Http, quote


class QuotaState(TypedDict):
    """One quota, and how much of it is used."""

    limit: int | None
    used: int | None
    own: bool


class QuotaDoc(TypedDict):
    """The quotas of a workspace."""

    workspaceId: str
    workflows: QuotaState
    runs: QuotaState
    queued: QuotaState
    payloadBytes: QuotaState


class EgressDoc(TypedDict):
    """Where the steps of a workspace may connect to."""

    allow: list[str]
    deny: list[str]


class Policies:
    """What can be laid down for a workspace."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def quotas(self) -> QuotaDoc:
        """The quotas of the chosen workspace, and what it uses."""
        return cast(QuotaDoc, (await self._http.call("GET", "/api/quota")).body)

    async def quotas_of(self, workspace_id: str) -> QuotaDoc:
        """The same of any workspace; for administrators."""
        return cast(QuotaDoc, (await self._http.call("GET", _path(workspace_id))).body)

    async def set_quotas(self, workspace_id: str, quotas: dict[str, Any]) -> QuotaDoc:
        """Replace the quotas of any workspace; for administrators."""
        return cast(QuotaDoc, (await self._http.call("PUT", _path(workspace_id), body=quotas)).body)

    async def egress(self) -> EgressDoc:
        """The lists of the chosen workspace."""
        return cast(EgressDoc, (await self._http.call("GET", "/api/egress")).body)

    async def set_egress(self, lists: EgressDoc) -> EgressDoc:
        """Replace the lists of the chosen workspace; for its owners."""
        return cast(EgressDoc, (await self._http.call("PUT", "/api/egress", body=lists)).body)


def _path(workspace_id: str) -> str:
    return f"/api/workspaces/{quote(workspace_id)}/quotas"
