"""The port to stored secrets: rows whose values are sealed before they come here, and stay so.

A secret belongs to one tenant, whose id is opaque here, and every call names it. Rows are listed by name.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True, frozen=True)
class SecretRow:
    """One secret as it is kept.

    `sealed` is ciphertext in text form, made with the key `key_id`; `about` is what anybody of the tenant may see.
    `revision` counts the changes, from 1.
    """

    owner_id: str
    name: str
    kind: str
    revision: int
    key_id: str
    sealed: str = field(repr=False)
    about: dict[str, Any]
    created_at: int
    updated_at: int
    used_at: int | None = None


class Secrets(Protocol):
    """Sealed secrets; (owner_id, name) is unique."""

    async def create(self, row: SecretRow) -> None:
        """Add a secret; Conflict when the tenant has one of this name."""

    async def get(self, owner: str, name: str) -> SecretRow:
        """One secret; NotFound for an unknown name."""

    async def some(self, owner: str, names: Collection[str]) -> list[SecretRow]:
        """Those of these names that are there."""

    async def page(self, owner: str, *, limit: int, after: str | None = None) -> list[SecretRow]:
        """A tenant's secrets whose names sort behind `after`."""

    async def replace(self, row: SecretRow) -> None:
        """Change a secret whose revision is `row.revision - 1`, all but `created_at` and `used_at`.

        VersionConflict when the revision is another one, NotFound for an unknown name.
        """

    async def delete(self, owner: str, name: str) -> None:
        """Remove a secret for good; NotFound for an unknown name."""

    async def used(self, owner: str, names: Collection[str], at: int) -> None:
        """Note that these were given to a step; never moves back."""

    async def lease(self, owner: str, name: str, *, holder: str, now: int, until: int) -> bool:
        """Whether `holder` alone may renew this secret until then: nobody else holds it, or no longer."""

    async def unlease(self, owner: str, name: str, *, holder: str) -> None:
        """Let others renew it; nothing happens when somebody else holds it by now."""

    async def everything(self, *, limit: int, after: tuple[str, str] | None = None) -> list[SecretRow]:
        """Secrets of all tenants by (owner_id, name), for whoever seals them anew or moves the whole store."""

    async def key_ids(self) -> set[str]:
        """The keys that stored secrets are sealed with."""
