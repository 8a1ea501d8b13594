"""Invitations: let one address make an account, join a workspace, or both."""

from __future__ import annotations

import hmac
from typing import Final

from engine.clock import Clock, now_ms
from engine.errors import Conflict, NotFound, Refused
from engine.ids import new_id
from engine.models.run import User
from engine.tenancy import Credential, CredentialKind, Credentials, MemberRole
from server import vouchers

DAY_MS: Final = 86_400_000
MAX_OPEN: Final = 200
"""Invitations of one user, or of one workspace, that are not used."""


class Invitations:
    """Writes, finds and uses invitations. Nothing here tells whether an address has an account."""

    def __init__(self, credentials: Credentials, *, clock: Clock = now_ms) -> None:
        self._credentials = credentials
        self._clock = clock

    async def create(
        self, by: User, email: str, *, workspace_id: str | None, role: MemberRole | None, days: int
    ) -> tuple[Credential, str]:
        """A new invitation and its code, which is nowhere to be had again."""
        if len(await self._credentials.some(CredentialKind.INVITATION, limit=MAX_OPEN, user_id=by.id)) >= MAX_OPEN:
            raise Conflict(
                f"{MAX_OPEN} of your invitations are open", code="too_many_invitations", hint="remove those of no use"
            )
        code = vouchers.fresh(vouchers.INVITATION)
        now = self._clock()
        invitation = Credential(
            new_id(now),
            CredentialKind.INVITATION,
            vouchers.digest_of(code),
            by.id,
            workspace_id,
            {"email": email, "role": None if role is None else role.value},
            now,
            now + days * DAY_MS,
        )
        await self._credentials.create(invitation)
        return invitation, code

    async def find(self, code: str | None, email: str) -> Credential:
        """The invitation with this code for this address; Refused in the same words for all others."""
        found = await self._credentials.by_digest(vouchers.digest_of(code or ""))
        if (
            found is None
            or found.kind is not CredentialKind.INVITATION
            or (found.expires_at or 0) <= self._clock()
            or not hmac.compare_digest(str(found.about["email"]).encode(), email.encode())
        ):
            raise refused()
        return found

    async def take(self, invitation: Credential) -> None:
        """Use it up; Refused when somebody else was faster."""
        if not await self._credentials.delete(invitation.id):
            raise refused()

    async def give_back(self, invitation: Credential) -> None:
        """What it was taken for did not happen."""
        await self._credentials.create(invitation)

    async def page(self, workspace_id: str | None, user_id: str | None) -> list[Credential]:
        """Open invitations to a workspace, or written by a user; newest first."""
        now = self._clock()
        found = await self._credentials.some(
            CredentialKind.INVITATION, limit=MAX_OPEN, user_id=user_id, workspace_id=workspace_id
        )
        return [one for one in found if (one.expires_at or 0) > now]

    async def delete(self, invitation_id: str, workspace_id: str | None) -> Credential:
        """Take back an invitation to this workspace (None: to no workspace); NotFound for any other."""
        found = await self._credentials.get(invitation_id)
        if (
            found is None
            or (found.kind, found.workspace_id) != (CredentialKind.INVITATION, workspace_id)
            or not await self._credentials.delete(invitation_id)
        ):
            raise NotFound
        return found

    async def leave(self, workspace_id: str) -> None:
        """Take back all invitations to a workspace."""
        await self._credentials.delete_some(CredentialKind.INVITATION, workspace_id=workspace_id)


def refused() -> Refused:
    """The one answer for an invitation that is unknown, used, expired or somebody else's."""
    return Refused(
        "this needs an invitation for this e-mail address",
        code="invitation_needed",
        hint="ask for one; who has an account already logs in and joins with it",
    )
