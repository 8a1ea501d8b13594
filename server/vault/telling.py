"""What may be said about a secret: everything but its value."""

from __future__ import annotations

from typing import Any

from engine.clock import iso
from engine.secret_rows import SecretRow
from server.vault import oauth
from server.vault.sealing import Content


def about_of(content: Content, description: str, now: int) -> dict[str, Any]:
    """What a row keeps in the clear, for lists."""
    connection = content.connection
    told = None
    if connection is not None:
        told = {
            "state": oauth.state_of(connection, now),
            "problem": connection.get("problem"),
            "expiresAt": connection.get("expiresAt"),
            **{name: connection[name] for name in ("authorizeUrl", "tokenUrl", "clientId", "clientAuth", "scopes")},
        }
    return {
        "description": description,
        "hosts": list(content.hosts),
        "source": content.source,
        "connection": told,
    }


def secret_document(row: SecretRow, used_by: list[dict[str, Any]]) -> dict[str, Any]:
    """A secret as the API shows it."""
    about = dict(row.about)
    connection = about.get("connection")
    if connection is not None:
        expires = connection.get("expiresAt")
        about["connection"] = {**connection, "expiresAt": None if expires is None else iso(expires)}
    return {
        "name": row.name,
        "kind": row.kind,
        **about,
        "usedBy": used_by,
        "keyId": row.key_id,
        "createdAt": iso(row.created_at),
        "updatedAt": iso(row.updated_at),
        "lastUsedAt": None if row.used_at is None else iso(row.used_at),
    }
