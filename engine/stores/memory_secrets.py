"""Secrets in the memory store."""

from __future__ import annotations

import copy
from collections.abc import Collection
from dataclasses import replace

from engine.errors import Conflict, NotFound, VersionConflict
from engine.secret_rows import SecretRow
from engine.stores.memory_data import Data


class MemorySecrets:
    """Implements engine.secret_rows.Secrets."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def create(self, row: SecretRow) -> None:
        """Add a secret."""
        if (row.owner_id, row.name) in self._data.secrets:
            raise Conflict(f"there is a secret {row.name} already", code="name_taken")
        self._data.secrets[row.owner_id, row.name] = copy.deepcopy(row)

    async def get(self, owner: str, name: str) -> SecretRow:
        """One secret."""
        row = self._data.secrets.get((owner, name))
        if row is None:
            raise NotFound
        return copy.deepcopy(row)

    async def some(self, owner: str, names: Collection[str]) -> list[SecretRow]:
        """Those that are there."""
        rows = (self._data.secrets.get((owner, name)) for name in sorted(set(names)))
        return [copy.deepcopy(row) for row in rows if row is not None]

    async def page(self, owner: str, *, limit: int, after: str | None = None) -> list[SecretRow]:
        """By name."""
        mine = sorted(name for tenant, name in self._data.secrets if tenant == owner and name > (after or ""))
        return [copy.deepcopy(self._data.secrets[owner, name]) for name in mine[:limit]]

    async def replace(self, row: SecretRow) -> None:
        """Compare and set."""
        known = await self.get(row.owner_id, row.name)
        if known.revision != row.revision - 1:
            raise VersionConflict(f"the secret {row.name} was changed in the meantime", hint="do it again")
        self._data.secrets[row.owner_id, row.name] = copy.deepcopy(
            replace(row, created_at=known.created_at, used_at=known.used_at)
        )

    async def delete(self, owner: str, name: str) -> None:
        """Remove a secret."""
        if self._data.secrets.pop((owner, name), None) is None:
            raise NotFound
        self._data.secret_leases.pop((owner, name), None)

    async def used(self, owner: str, names: Collection[str], at: int) -> None:
        """Note a use."""
        for name in names:
            row = self._data.secrets.get((owner, name))
            if row is not None and (row.used_at or 0) < at:
                self._data.secrets[owner, name] = replace(row, used_at=at)

    async def lease(self, owner: str, name: str, *, holder: str, now: int, until: int) -> bool:
        """Take the lease when it is free."""
        if (owner, name) not in self._data.secrets:
            return False
        held_by, held_until = self._data.secret_leases.get((owner, name), (holder, 0))
        if held_by != holder and held_until > now:
            return False
        self._data.secret_leases[owner, name] = (holder, until)
        return True

    async def unlease(self, owner: str, name: str, *, holder: str) -> None:
        """Give the lease back."""
        if self._data.secret_leases.get((owner, name), ("", 0))[0] == holder:
            del self._data.secret_leases[owner, name]

    async def everything(self, *, limit: int, after: tuple[str, str] | None = None) -> list[SecretRow]:
        """Secrets of all tenants."""
        keys = sorted(key for key in self._data.secrets if after is None or key > after)
        return [copy.deepcopy(self._data.secrets[key]) for key in keys[:limit]]

    async def key_ids(self) -> set[str]:
        """The keys in use."""
        return {row.key_id for row in self._data.secrets.values()}
