"""Workspaces as the border between tenants: which one a request acts in, and who belongs to them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from engine.clock import Clock, now_ms
from engine.errors import Conflict, Invalid, NotFound, Problem, Refused, VersionConflict
from engine.ids import new_id
from engine.models.run import Role, User
from engine.tenancy import Credential, Member, MemberRole, Workspace, Workspaces
from server.permissions import ALLOWED, Permission, least_role
from server.vouchers import Remembered

PERSONAL: Final = "personal"
"""What everybody's own workspace is called."""
MAX_MEMBERS: Final = 500
MAX_WORKSPACES: Final = 100
"""Shared workspaces of one user."""
_ATTEMPTS: Final = 5

Change = Callable[[Workspace], Workspace]


@dataclass(slots=True, frozen=True)
class Place:
    """Where a request acts, and what it may do there. `everybody` is an administrator who named no workspace."""

    workspace_id: str
    role: MemberRole
    scopes: frozenset[str] | None = None
    """What an API key may do; None for a person."""
    everybody: bool = False

    def allows(self, permission: Permission) -> bool:
        """Whether this may be done here."""
        return permission in ALLOWED[self.role] and (self.scopes is None or permission in self.scopes)

    def demand(self, permission: Permission) -> None:
        """Refused unless this may be done here; only members ever come as far as that."""
        if permission not in ALLOWED[self.role]:
            needed = least_role(permission)
            raise Refused(
                f"this needs the role {needed} in this workspace; yours is {self.role}",
                code="role_too_low",
                hint="an owner of the workspace can change that",
            )
        if self.scopes is not None and permission not in self.scopes:
            raise Refused(f"this API key lacks the scope {permission}", code="scope_missing", hint="make another key")


class Tenants:
    """The only place that decides who is in which workspace. What changed elsewhere is seen within some seconds."""

    def __init__(
        self, workspaces: Workspaces, *, clock: Clock = now_ms, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._workspaces = workspaces
        self._clock = clock
        self._of: Remembered[list[Workspace]] = Remembered(monotonic)

    async def place(self, user: User, wanted: str | None, key: Credential | None = None) -> Place:
        """Where this user acts who asked for this workspace, by id or name; NotFound alike for foreign and unknown."""
        if key is not None:
            return await self._place_of_key(user, wanted, key)
        if wanted is None:
            return Place(user.id, MemberRole.OWNER, everybody=user.role is Role.ADMIN)
        if _is_personal(wanted, user):
            return Place(user.id, MemberRole.OWNER)
        found = await self.named(user, wanted)
        return Place(found.id, MemberRole.OWNER if user.role is Role.ADMIN else _role(found, user))

    async def _place_of_key(self, user: User, wanted: str | None, key: Credential) -> Place:
        home = key.workspace_id or ""
        scopes = frozenset(key.about["scopes"])
        if home == user.id:
            if wanted is not None and not _is_personal(wanted, user):
                raise unknown()
            return Place(home, MemberRole.OWNER, scopes)
        found = await self.named(user, home)
        if wanted is not None and wanted != home and wanted.casefold() != found.name.casefold():
            raise unknown()
        return Place(home, MemberRole.OWNER if user.role is Role.ADMIN else _role(found, user), scopes)

    async def named(self, user: User, wanted: str) -> Workspace:
        """The shared workspace this user means; an administrator may name any by its id."""
        mine = await self.of(user.id)
        for workspace in mine:
            if workspace.id == wanted:
                return workspace
        named = [one for one in mine if one.name.casefold() == wanted.casefold()]
        if len(named) > 1:
            ids = ", ".join(one.id for one in named)
            raise Conflict(f"{len(named)} of your workspaces are called that", code="ambiguous_name", hint=ids)
        if named:
            return named[0]
        if user.role is Role.ADMIN:
            try:
                return await self._workspaces.get(wanted)
            except NotFound:
                pass
        raise unknown()

    async def of(self, user_id: str) -> list[Workspace]:
        """The shared workspaces this user is in."""
        known = self._of.get(user_id)
        return known if known is not None else self._of.put(user_id, await self._workspaces.of_user(user_id))

    async def all(self, *, limit: int) -> list[Workspace]:
        """Every shared workspace, for administrators."""
        return await self._workspaces.everything(limit=limit)

    async def get(self, workspace_id: str) -> Workspace:
        """A shared workspace as it is now; Conflict for a personal one, which has no members."""
        try:
            return await self._workspaces.get(workspace_id)
        except NotFound:
            raise personal() from None

    async def create(self, user: User, name: str) -> Workspace:
        """A new workspace with this user as its owner."""
        if len(await self._workspaces.of_user(user.id)) >= MAX_WORKSPACES:
            raise Conflict(f"you are in {MAX_WORKSPACES} workspaces", code="too_many_workspaces", hint="leave some")
        now = self._clock()
        workspace = Workspace(new_id(now), checked_name(name), now, (Member(user.id, MemberRole.OWNER, now),))
        await self._workspaces.create(workspace)
        self._of.forget(user.id)
        return workspace

    async def rename(self, workspace_id: str, name: str) -> tuple[Workspace, Workspace]:
        """The workspace before and after."""
        wanted = checked_name(name)
        return await self._change(workspace_id, lambda one: replace(one, name=wanted))

    async def put_member(self, workspace_id: str, user_id: str, role: MemberRole) -> tuple[Workspace, Workspace]:
        """Add a member, or give one another role; the last owner stays one."""
        member = Member(user_id, role, self._clock())

        def change(one: Workspace) -> Workspace:
            known = next((m for m in one.members if m.user_id == user_id), None)
            if known is not None:
                kept = [replace(m, role=role) if m is known else m for m in one.members]
                return _with_owner(replace(one, members=tuple(kept)))
            if len(one.members) >= MAX_MEMBERS:
                raise Conflict(f"a workspace has at most {MAX_MEMBERS} members", code="too_many_members")
            return replace(one, members=(*one.members, member))

        return await self._change(workspace_id, change)

    async def remove_member(self, workspace_id: str, user_id: str) -> tuple[Workspace, Workspace]:
        """Let a member go; NotFound for somebody who is none, Conflict for the last owner."""

        def change(one: Workspace) -> Workspace:
            if one.role_of(user_id) is None:
                raise NotFound
            return _with_owner(replace(one, members=tuple(m for m in one.members if m.user_id != user_id)))

        return await self._change(workspace_id, change)

    async def delete(self, workspace_id: str) -> Workspace:
        """Remove a workspace, which must be empty."""
        known = await self.get(workspace_id)
        await self._workspaces.delete(workspace_id)
        self._forget(known)
        return known

    async def _change(self, workspace_id: str, change: Change) -> tuple[Workspace, Workspace]:
        for attempt in range(_ATTEMPTS):
            before = await self.get(workspace_id)
            after = replace(change(before), revision=before.revision + 1)
            try:
                await self._workspaces.save(after)
            except VersionConflict:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                self._forget(before)
                self._forget(after)
                return before, after
        raise AssertionError("unreachable")

    def _forget(self, workspace: Workspace) -> None:
        for member in workspace.members:
            self._of.forget(member.user_id)


def checked_name(name: str) -> str:
    """The name as it is kept; Invalid for one that could not be told apart on a screen or in a header."""
    text = name.strip()
    if not 0 < len(text) <= 80 or not text.isprintable() or text.casefold() == PERSONAL:
        message = f"must be 1 to 80 printable characters, and not {PERSONAL!r}"
        raise Invalid(problems=[Problem("bad_name", message, field="name")])
    return text


def unknown() -> NotFound:
    """The one answer for a workspace that is not there and one of other people."""
    return NotFound("there is no such workspace", hint="GET /api/workspaces lists those you are in")


def personal() -> Conflict:
    """The answer for what makes no sense in a workspace of one."""
    return Conflict(
        "this is a personal workspace, which nobody else can enter",
        code="personal_workspace",
        hint="make a shared one: POST /api/workspaces",
    )


def _is_personal(wanted: str, user: User) -> bool:
    return wanted == user.id or wanted.casefold() == PERSONAL


def _role(workspace: Workspace, user: User) -> MemberRole:
    role = workspace.role_of(user.id)
    if role is None:
        raise unknown()
    return role


def _with_owner(workspace: Workspace) -> Workspace:
    if not any(member.role is MemberRole.OWNER for member in workspace.members):
        raise Conflict("a workspace needs an owner", code="last_owner", hint="make somebody else an owner first")
    return workspace
