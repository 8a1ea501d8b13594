"""What is said about a workflow's webhook."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, StrictInt

from engine.models.base import Document

MAX_GRACE_S = 30 * 86_400


class HookAddressDocument(Document):
    """An address that leads to a webhook."""

    url: str | None
    """The address, which is a credential; null when the key of this installation has changed since it was made."""
    test_url: str | None
    """The same for trying it out: something is there only while a capture waits."""
    created_at: AwareDatetime | None
    """When it was made; null for the one with the workflow's id."""
    ends_at: AwareDatetime | None
    """When it stops working; null for one that stays."""


class HookDocument(Document):
    """A workflow's webhook: how it is reached, and what callers have to prove."""

    step_id: str
    """The trigger step."""
    enabled: bool
    """Whether calls start runs: whether the workflow is enabled."""
    methods: list[str]
    """The methods that start a run."""
    auth: Literal["none", "token", "basic", "hmac"]
    """How callers prove who they are."""
    preset: str | None
    """Whose way of signing it is, with `hmac`."""
    secrets: list[str]
    """The names of the secrets that are good."""
    addresses: list[HookAddressDocument]
    """What leads here, the newest first; the one with the workflow's id last, unless `address: own` closes it."""


class HookRotateBody(Document):
    """How to replace the secret address."""

    grace_seconds: StrictInt = Field(default=0, ge=0, le=MAX_GRACE_S)
    """How long the addresses before it go on working; 0 ends them at once."""
