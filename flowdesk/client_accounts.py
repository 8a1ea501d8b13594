"""Calls about workspaces, who is in them, API keys, and what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from flowdesk.account_replies import AuditDoc, InvitationDoc, KeyDoc, MemberDoc, ReviewDoc, WorkspaceDoc
from flowdesk.client_http import Http, page_of, quote
from flowdesk.replies import Page

Workspaces_ = list[WorkspaceDoc]  # inside the classes `list` is the method
Members_ = list[MemberDoc]
Invitations_ = list[InvitationDoc]
Keys_ = list[KeyDoc]


class Workspaces:
    """What can be done with workspaces."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(self) -> Workspaces_:
        """Those one is in, the personal one first."""
        return cast(Workspaces_, (await self._http.call("GET", "/api/workspaces")).body)

    async def create(self, name: str) -> WorkspaceDoc:
        """A new one, with the caller as its owner."""
        return cast(WorkspaceDoc, (await self._http.call("POST", "/api/workspaces", body={"name": name})).body)

    async def rename(self, workspace_id: str, name: str) -> WorkspaceDoc:
        """Call it something else."""
        path = f"/api/workspaces/{quote(workspace_id)}"
        return cast(WorkspaceDoc, (await self._http.call("PUT", path, body={"name": name})).body)

    async def delete(self, workspace_id: str) -> None:
        """Remove one that is empty."""
        await self._http.call("DELETE", f"/api/workspaces/{quote(workspace_id)}")

    async def join(self, invitation: str) -> WorkspaceDoc:
        """Accept an invitation."""
        reply = await self._http.call("POST", "/api/invitations/accept", body={"invitation": invitation})
        return cast(WorkspaceDoc, reply.body)


class Members:
    """Who is in the chosen workspace, and who is invited to it."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(self) -> Members_:
        """Everybody in it."""
        return cast(Members_, (await self._http.call("GET", "/api/members")).body)

    async def change(self, user_id: str, role: str) -> MemberDoc:
        """Give a member another role."""
        path = f"/api/members/{quote(user_id)}"
        return cast(MemberDoc, (await self._http.call("PUT", path, body={"role": role})).body)

    async def remove(self, user_id: str) -> None:
        """Let a member go."""
        await self._http.call("DELETE", f"/api/members/{quote(user_id)}")

    async def invitations(self) -> Invitations_:
        """Those that nobody has used yet."""
        return cast(Invitations_, (await self._http.call("GET", "/api/invitations")).body)

    async def invite(self, email: str, role: str, days: int) -> InvitationDoc:
        """Write an invitation; its code is in this answer only."""
        body = {"email": email, "role": role, "days": days}
        return cast(InvitationDoc, (await self._http.call("POST", "/api/invitations", body=body)).body)

    async def uninvite(self, invitation_id: str) -> None:
        """Take an invitation back."""
        await self._http.call("DELETE", f"/api/invitations/{quote(invitation_id)}")


class Keys:
    """API keys in the chosen workspace."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(self) -> Keys_:
        """One's own, or everybody's for an owner."""
        return cast(Keys_, (await self._http.call("GET", "/api/keys")).body)

    async def create(self, name: str, scopes: Sequence[str], days: int | None) -> KeyDoc:
        """A new key, which is in this answer only; `days` None makes one that never expires."""
        end: dict[str, Any] = {"neverExpires": True} if days is None else {"days": days}
        body = {"name": name, "scopes": [*scopes], **end}
        return cast(KeyDoc, (await self._http.call("POST", "/api/keys", body=body)).body)

    async def delete(self, key_id: str) -> None:
        """End a key."""
        await self._http.call("DELETE", f"/api/keys/{quote(key_id)}")


class AuditLog:
    """What was changed in the chosen workspace, and what is risky there."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def findings(self) -> ReviewDoc:
        """What is risky in it, and for administrators in the server's settings."""
        return cast(ReviewDoc, (await self._http.call("GET", "/api/audit/findings")).body)

    async def list(
        self,
        *,
        action: str | None = None,
        target: str | None = None,
        user_id: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[AuditDoc]:
        """Changes, newest first."""
        query = {"action": action, "target": target, "userId": user_id, "limit": limit, "cursor": cursor}
        return page_of(await self._http.call("GET", "/api/audit", query=query))
