"""Sealing everything anew with another key, while servers go on working; and giving up what cannot be opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from engine.errors import Conflict, Invalid, NotFound, VersionConflict
from engine.secret_rows import SecretRow, Secrets
from server.vault.keyring import Key, Keyring
from server.vault.sealing import seal, unseal

_PAGE = 100


@dataclass(slots=True, frozen=True)
class Rotated:
    """What a rotation did. `unopened` are secrets that no key here opens."""

    key_id: str
    sealed: int
    unopened: tuple[str, ...] = ()
    dropped: int = 0


async def rotate(rows: Secrets, keyring: Keyring, *, drop_old: bool = False) -> Rotated:
    """Seal every secret with the newest key: a new one in the file, or the first of those the operator gave.

    Old keys stay, since backups are sealed with them; `drop_old` forgets them, once nothing in the database needs them.
    """
    key = keyring.sealing() if keyring.given else _new_key(keyring)
    sealed, unopened = 0, []
    async for row in _all(rows):
        if row.key_id == key.id:
            continue
        try:
            sealed += await _reseal(rows, keyring, row)
        except Invalid:
            unopened.append(row.name)
    dropped = 0
    if drop_old and not unopened and not keyring.given:
        dropped = keyring.drop_all_but_first()
    return Rotated(key.id, sealed, tuple(unopened), dropped)


def _new_key(keyring: Keyring) -> Key:
    if not keyring.all():
        return keyring.sealing()
    return keyring.add()


async def _reseal(rows: Secrets, keyring: Keyring, row: SecretRow) -> bool:
    """Whether there was anything left to do; a secret that is changed meanwhile is read again."""
    for _ in range(10):
        key = keyring.sealing()
        if row.key_id == key.id:
            return False
        content = unseal(row, keyring)
        again = seal(content, key, owner=row.owner_id, name=row.name, kind=row.kind)
        try:
            await rows.replace(replace(row, revision=row.revision + 1, key_id=key.id, sealed=again))
        except VersionConflict:
            row = await rows.get(row.owner_id, row.name)
        except NotFound:
            return False
        else:
            return True
    raise Conflict(f"the secret {row.name} changes all the time", hint="do it again")


async def discard(rows: Secrets, keyring: Keyring) -> list[str]:
    """Remove the secrets sealed with keys that are not here; their names."""
    known = {key.id for key in keyring.all()}
    lost = [row async for row in _all(rows) if row.key_id not in known]
    for row in lost:
        await rows.delete(row.owner_id, row.name)
    return [row.name for row in lost]


async def _all(rows: Secrets) -> AsyncIterator[SecretRow]:
    after: tuple[str, str] | None = None
    while page := await rows.everything(limit=_PAGE, after=after):
        for row in page:
            yield row
        after = (page[-1].owner_id, page[-1].name)
