"""What is laid down for a whole workspace."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt
from pydantic_core import PydanticCustomError

from engine.egress import parse_target
from engine.models.base import Document

MOST_TARGETS = 200


def _target(text: str) -> str:
    try:
        parse_target(text)
    except ValueError as error:
        raise PydanticCustomError("target", "{reason}", {"reason": str(error)}) from None
    return text.strip().lower()


TargetText = Annotated[str, Field(min_length=1, max_length=260), AfterValidator(_target)]


class Quotas(Document):
    """How much of everything a workspace may have. What is null is as the server's settings say; 0 is no limit."""

    workflows: StrictInt | None = Field(default=None, ge=0, le=10**9)
    """Workflows there may be."""
    runs: StrictInt | None = Field(default=None, ge=0, le=10**12)
    """Runs that are kept: beyond it the oldest finished ones are removed."""
    queued: StrictInt | None = Field(default=None, ge=0, le=10**9)
    """Runs that may wait to begin; further ones are refused until some have begun."""
    payload_bytes: StrictInt | None = Field(default=None, ge=0, le=10**9)
    """The largest body that starts a run, counted after decompression."""


class EgressLists(Document):
    """Where the steps of a workspace may connect to: nothing that is denied; only what is allowed, if anything is."""

    allow: list[TargetText] = Field(default=[], max_length=MOST_TARGETS)
    """Names (`api.example.com`, `*.example.com`), addresses and networks, each perhaps with `:port`. Empty: all public
    ones."""
    deny: list[TargetText] = Field(default=[], max_length=MOST_TARGETS)
    """The same; what is here is refused even if it is allowed."""


class Policy(Document):
    """The quotas and lists of one workspace."""

    quotas: Quotas = Quotas()
    """What an administrator has set."""
    egress: EgressLists = EgressLists()
    """What its owners have set."""
