"""Ciphertext in, content out: AES-256-GCM over one JSON document per secret.

The document holds everything that must not be changed behind our back: the value, and the hosts it may be sent to. The
secret's place (tenant, name, kind) is authenticated with it, so a row copied to another place does not open.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import BadJson, Invalid
from engine.jsonio import dumps, parse_json
from engine.secret_rows import SecretRow
from server.vault.keyring import Key, Keyring

_FORM: Final = b"\x01"
_NONCE: Final = 12


@dataclass(slots=True, frozen=True)
class Content:
    """What is sealed.

    A secret has a `value`, or a `source` outside (`env:NAME`, `file:/path`), or a `connection` to an OAuth2 provider.
    """

    value: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    source: str | None = None
    connection: dict[str, Any] | None = field(default=None, repr=False)


def seal(content: Content, key: Key, *, owner: str, name: str, kind: str) -> str:
    """The content as text that only the key opens, and only at this place."""
    document = {
        "value": content.value,
        "hosts": list(content.hosts),
        "source": content.source,
        "connection": content.connection,
    }
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key.raw).encrypt(nonce, dumps(document), _place(key.id, owner, name, kind))
    return base64.b64encode(_FORM + nonce + sealed).decode()


def unseal(row: SecretRow, keyring: Keyring) -> Content:
    """What a row holds. Invalid when its key is not here, or when it was changed by somebody without the key."""
    key = keyring.find(row.key_id)
    if key is None:
        raise Invalid(
            f"the secret {row.name} is sealed with the key {row.key_id}, which this process does not have",
            code="secret_key_missing",
            hint=f"put the key back into {keyring.path.name} or FLOWDESK_SECRETS_KEY, or set the secret again",
        )
    try:
        raw = base64.b64decode(row.sealed, validate=True)
        if raw[:1] != _FORM:
            raise InvalidTag
        nonce, sealed = raw[1 : 1 + _NONCE], raw[1 + _NONCE :]
        opened = AESGCM(key.raw).decrypt(nonce, sealed, _place(key.id, row.owner_id, row.name, row.kind))
        document = parse_json(opened)
        if not isinstance(document, dict):
            raise InvalidTag
        return Content(document["value"], tuple(document["hosts"]), document["source"], document["connection"])
    except (InvalidTag, ValueError, BadJson, KeyError, TypeError):
        raise Invalid(
            f"the secret {row.name} does not open: its row in the database was damaged or tampered with",
            code="secret_damaged",
            hint="set the secret again, and find out who can write to the database",
        ) from None


def _place(key_id: str, owner: str, name: str, kind: str) -> bytes:
    return dumps(["flowdesk", 1, key_id, owner, name, kind])
