"""What may be done in a workspace, and who may do it: one table, read by the guard of every route."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from engine.tenancy import MemberRole


class Permission(StrEnum):
    """One thing a member, or an API key with this scope, may do."""

    WORKFLOWS_READ = "workflows:read"
    RUNS_READ = "runs:read"
    MEMBERS_READ = "members:read"
    RUNS_WRITE = "runs:write"
    WORKFLOWS_WRITE = "workflows:write"
    SECRETS_READ = "secrets:read"
    SECRETS_WRITE = "secrets:write"
    MEMBERS_WRITE = "members:write"
    AUDIT_READ = "audit:read"


class Standing(StrEnum):
    """What a route asks for that has nothing to do with a workspace's roles."""

    ANYBODY = "any token"
    """Whoever has a valid token of any kind; says nothing of any workspace."""
    PRESENT = "any token, in a workspace"
    """Whoever may enter the workspace; the handler looks at the permissions itself."""
    PERSON = "a login"
    """Somebody who has logged in; no API key, whatever its scopes."""


Need = Permission | Standing

ADMIN_SCOPE: Final = "admin"
"""Lets an administrator's API key use what asks for an administrator."""

_VIEWER: Final = frozenset({Permission.WORKFLOWS_READ, Permission.RUNS_READ, Permission.MEMBERS_READ})
_OPERATOR: Final = _VIEWER | {Permission.RUNS_WRITE}
_EDITOR: Final = _OPERATOR | {Permission.WORKFLOWS_WRITE, Permission.SECRETS_READ, Permission.SECRETS_WRITE}
_OWNER: Final = frozenset(Permission)

ALLOWED: Final[dict[MemberRole, frozenset[Permission]]] = {
    MemberRole.VIEWER: _VIEWER,
    MemberRole.OPERATOR: _OPERATOR,
    MemberRole.EDITOR: _EDITOR,
    MemberRole.OWNER: _OWNER,
}
STRICTEST: Final = Permission.MEMBERS_WRITE
"""What a route asks for that does not say what it needs."""


def least_role(permission: Permission) -> MemberRole:
    """The lowest role that has this permission."""
    return next(role for role, allowed in ALLOWED.items() if permission in allowed)
