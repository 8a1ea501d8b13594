"""Webhooks whose callers have to prove who they are."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from tests.server.live import Answer, Live, Person, greet, webhook

SECRET, NEXT = "wh-s3cret-0001-of-old", "wh-s3cret-0002-of-new"


async def keep(person: Person, name: str, value: str = SECRET) -> None:
    """A secret of this person."""
    answer = await person.call("POST", "/api/secrets", {"name": name, "value": value})
    assert answer.status == 201, answer.body


async def signed_hook(person: Person, preset: str = "github", **more: Any) -> str:
    """The id of a workflow whose callers sign; the secret is kept as HOOK."""
    await keep(person, "HOOK")
    auth = {"kind": "hmac", "preset": preset, "secrets": ["{{secrets.HOOK}}"]}
    return await person.save(webhook("greet", auth=auth, **more), greet())


def signature(raw: bytes, secret: str = SECRET) -> str:
    """GitHub's."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


async def deliver(
    server: Live, path: str, value: Any = None, *, secret: str = SECRET, delivery: str | None = None, **headers: str
) -> Answer:
    """A call signed as GitHub signs it."""
    raw = json.dumps({"name": "Ali"} if value is None else value).encode()
    sent = {"Content-Type": "application/json", "X-Hub-Signature-256": signature(raw, secret)}
    if delivery is not None:
        sent["X-GitHub-Delivery"] = delivery
    return await server.call("POST", path, raw=raw, headers=sent | headers)
