"""What a server says about webhooks."""

from __future__ import annotations

from typing import TypedDict


class HookAddressDoc(TypedDict):
    """An address that leads to a webhook; both are credentials, None when the server can no longer tell them."""

    url: str | None
    testUrl: str | None
    createdAt: str | None
    endsAt: str | None


class HookDoc(TypedDict):
    """A workflow's webhook."""

    stepId: str
    enabled: bool
    methods: list[str]
    auth: str
    preset: str | None
    secrets: list[str]
    addresses: list[HookAddressDoc]


class VerificationDoc(TypedDict, total=False):
    """What checking a captured call said."""

    accepted: bool
    reason: str
    code: str | None
    field: str | None
    idempotencyKey: str | None
