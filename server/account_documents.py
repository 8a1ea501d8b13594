"""What is said about accounts, coming in and going out."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, ConfigDict, Field, StrictBool

from engine.clock import iso
from engine.models.base import Document
from engine.models.run import Role, User
from engine.tenancy import Credential


class Credentials(Document):
    """An e-mail address and the password that belongs to it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "me@example.com", "password": "abc123"}]}, hide_input_in_errors=True
    )

    email: str = Field(max_length=254)
    """The e-mail address; upper and lower case are the same."""
    password: str = Field(json_schema_extra={"format": "password", "minLength": 6})
    """At least 6 characters and at most 72 bytes."""


class Registration(Credentials):
    """An account to be made."""

    invitation: str | None = Field(default=None, max_length=200)
    """The code of an invitation for this address, where registration asks for one."""


class Renewal(Document):
    """A refresh token to exchange."""

    model_config = ConfigDict(hide_input_in_errors=True)

    refresh_token: str = Field(min_length=1, max_length=200)
    """It works once; the answer brings the next one."""


class Leaving(Document):
    """How far a logout goes."""

    everywhere: StrictBool = False
    """Whether all sessions and tokens of the account end, not only this one."""


class PasswordChange(Document):
    """Another password."""

    model_config = ConfigDict(hide_input_in_errors=True)

    current: str = Field(json_schema_extra={"format": "password"})
    """The password until now."""
    new: str = Field(json_schema_extra={"format": "password", "minLength": 6})
    """At least 6 characters and at most 72 bytes."""


class NewUser(Credentials):
    """An account made by an administrator."""

    role: Role = Role.USER
    """What the account may do."""


class UserDocument(Document):
    """An account."""

    id: str
    """The user's id."""
    email: str
    """The e-mail address, in lower case."""
    role: Role
    """`admin` sees everybody's workflows, `user` their own."""
    created_at: AwareDatetime
    """When the account was made."""


class Session(Document):
    """The answer to a registration or login."""

    token: str
    """Send it as `Authorization: Bearer <token>`."""
    user: UserDocument
    """Whose token it is."""
    refresh_token: str
    """Exchange it at `POST /api/auth/refresh` for another token once this one has expired."""
    device_token: str
    """Send it as `X-FlowDesk-Device` with the next login from here: failed logins of others will not slow it down."""


class SessionItem(Document):
    """A login that has not ended."""

    id: str
    """The session's id."""
    created_at: AwareDatetime
    """When it began."""
    renewed_at: AwareDatetime
    """When its refresh token was last exchanged."""
    expires_at: AwareDatetime
    """When it ends by itself."""
    address: str
    """Where the login came from."""
    agent: str
    """What program it came from, as that says of itself."""
    current: bool
    """Whether it is the one that asks."""


def user_json(user: User) -> dict[str, Any]:
    """The account as the API shows it."""
    return {"id": user.id, "email": user.email, "role": user.role.value, "createdAt": iso(user.created_at)}


def session_json(token: str, user: User, refresh: str, device: str) -> dict[str, Any]:
    """A token, whose it is, and what brings the next one."""
    return {"token": token, "user": user_json(user), "refreshToken": refresh, "deviceToken": device}


def session_item(session: Credential, *, current: str | None) -> dict[str, Any]:
    """A session as its user sees it."""
    return {
        "id": session.id,
        "createdAt": iso(session.created_at),
        "renewedAt": iso(session.about["renewedAt"]),
        "expiresAt": iso(session.expires_at or 0),
        "address": session.about["address"],
        "agent": session.about["agent"],
        "current": session.id == current,
    }
