"""What is said about accounts, coming in and going out."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, ConfigDict, Field

from engine.clock import iso
from engine.models.base import Document
from engine.models.run import Role, User


class Credentials(Document):
    """An e-mail address and the password that belongs to it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "me@example.com", "password": "abc123"}]}, hide_input_in_errors=True
    )

    email: str = Field(max_length=254)
    """The e-mail address; upper and lower case are the same."""
    password: str = Field(json_schema_extra={"format": "password", "minLength": 6})
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


def user_json(user: User) -> dict[str, Any]:
    """The account as the API shows it."""
    return {"id": user.id, "email": user.email, "role": user.role.value, "createdAt": iso(user.created_at)}


def session_json(token: str, user: User) -> dict[str, Any]:
    """A token and whose it is."""
    return {"token": token, "user": user_json(user)}
