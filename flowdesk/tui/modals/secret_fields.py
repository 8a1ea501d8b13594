"""What is asked about a secret, and the document that the server is sent: only what was typed or changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from flowdesk.secret_replies import SecretDoc

Kept = Literal["value", "source", "connection"]
KINDS: Final[dict[Kept, str]] = {
    "value": "a value, sealed on the server",
    "source": "a variable or a file of the server",
    "connection": "an OAuth2 connection",
}
"""The ways a secret is kept, as the server names them."""
_WORDS: Final = re.compile(r"[\s,]+")


@dataclass(slots=True, frozen=True)
class SecretField:
    """One line. What is `hidden` is never shown, neither while it is typed nor later."""

    key: str
    title: str
    hint: str = ""
    hidden: bool = False
    needed: bool = False
    part_of: Kept | None = None


FIELDS: Final = (
    SecretField("name", "Name", "letters, digits, _, -; read as {{secrets.NAME}}", needed=True),
    SecretField("value", "Value", "at least 8 characters", hidden=True, needed=True, part_of="value"),
    SecretField("source", "Kept in", "env:NAME or file:/path", needed=True, part_of="source"),
    SecretField("authorizeUrl", "Authorize URL", "where a person says yes", needed=True, part_of="connection"),
    SecretField("tokenUrl", "Token URL", "where tokens are fetched", needed=True, part_of="connection"),
    SecretField("clientId", "Client id", needed=True, part_of="connection"),
    SecretField("clientSecret", "Client secret", "if the client has one", hidden=True, part_of="connection"),
    SecretField("scopes", "Scopes", "separated by spaces", part_of="connection"),
    SecretField("parameters", "Parameters", "such as access_type=offline", part_of="connection"),
    SecretField("hosts", "Only to", "any host; such as api.example.com, *.example.org"),
    SecretField("description", "For", "what it is for"),
)
CONNECTION: Final = tuple(field.key for field in FIELDS if field.part_of == "connection")


def kept_as(secret: SecretDoc | None) -> Kept:
    """How it is kept now; a new one is a value."""
    if secret is None or secret["kind"] == "value":
        return "value"
    return "connection" if secret["kind"] == "oauth2" else "source"


def shown(secret: SecretDoc | None) -> dict[str, str]:
    """What the lines begin with: everything that may be shown."""
    texts = {field.key: "" for field in FIELDS}
    if secret is None:
        return texts
    texts["name"], texts["description"] = secret["name"], secret["description"]
    texts["hosts"], texts["source"] = ", ".join(secret["hosts"]), secret["source"] or ""
    connection = secret["connection"]
    if connection is not None:
        texts["authorizeUrl"], texts["tokenUrl"] = connection["authorizeUrl"], connection["tokenUrl"]
        texts["clientId"], texts["scopes"] = connection["clientId"], " ".join(connection["scopes"])
    return texts


def missing(kept: Kept, typed: Mapping[str, str], before: SecretDoc | None) -> SecretField | None:
    """The first line that must be filled in and is not; an empty value leaves the one there is."""
    for field in FIELDS:
        if field.needed and not typed[field.key].strip() and field.part_of in (None, kept):
            if field.hidden and before is not None and kept_as(before) == kept:
                continue
            return field
    return None


def document_of(kept: Kept, typed: Mapping[str, str], before: SecretDoc | None) -> dict[str, Any]:
    """What to send: without a name, and without what stays as it is. A value is sent exactly as it was typed."""
    old = shown(before)
    anew = before is None or kept_as(before) != kept
    document: dict[str, Any] = {}
    if kept == "value" and typed["value"]:
        document["value"] = typed["value"]
    elif kept == "source" and (anew or typed["source"] != old["source"]):
        document["source"] = typed["source"].strip()
    elif kept == "connection" and (anew or any(typed[key] != old[key] for key in CONNECTION)):
        document["connection"] = _connection(typed, before)
    if typed["hosts"] != old["hosts"]:
        document["hosts"] = _words(typed["hosts"])
    if typed["description"] != old["description"]:
        document["description"] = typed["description"].strip()
    return document


def _connection(typed: Mapping[str, str], before: SecretDoc | None) -> dict[str, Any]:
    made: dict[str, Any] = {key: typed[key].strip() for key in ("authorizeUrl", "tokenUrl", "clientId")}
    made["scopes"] = _words(typed["scopes"])
    if typed["clientSecret"]:
        made["clientSecret"] = typed["clientSecret"]
    pairs = (word.partition("=") for word in typed["parameters"].split())
    made["parameters"] = {name: value for name, _sign, value in pairs}
    held = before["connection"] if before is not None else None
    if held is not None:
        made["clientAuth"] = held["clientAuth"]
    return made


def _words(text: str) -> list[str]:
    return [word for word in _WORDS.split(text) if word]
