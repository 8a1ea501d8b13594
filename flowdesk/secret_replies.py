"""What a server answers about secrets; the rest is in flowdesk.replies."""

from __future__ import annotations

from typing import Literal, TypedDict


class UsageDoc(TypedDict):
    """A workflow that reads a secret."""

    workflowId: str
    workflowName: str
    stepIds: list[str]


class ConnectionDoc(TypedDict):
    """An OAuth2 connection without its keys."""

    state: Literal["new", "connected", "broken"]
    problem: str | None
    expiresAt: str | None
    authorizeUrl: str
    tokenUrl: str
    clientId: str
    clientAuth: Literal["body", "basic"]
    scopes: list[str]


class SecretDoc(TypedDict):
    """A secret without its value."""

    name: str
    kind: Literal["value", "env", "file", "oauth2"]
    description: str
    hosts: list[str]
    source: str | None
    connection: ConnectionDoc | None
    usedBy: list[UsageDoc]
    createdAt: str
    updatedAt: str
    lastUsedAt: str | None


class SecretTestDoc(TypedDict):
    """Whether a step would get a secret."""

    ok: bool
    code: str | None
    detail: str
    hint: str | None


class ConnectDoc(TypedDict):
    """Where a person says yes."""

    url: str
    redirectUri: str


class RotatedDoc(TypedDict):
    """What a rotation of the key did."""

    keyId: str
    sealed: int
    unopened: list[str]
    dropped: int
