"""Whether the stored secrets open with the keys that are here."""

from __future__ import annotations

from collections.abc import AsyncIterator

from engine.errors import FlowDeskError, Invalid
from engine.secret_rows import SecretRow
from engine.store import Store
from server.compose import make_keyring
from server.doctor.findings import Finding, ok, problem, some
from server.doctor.house import House
from server.vault.keyring import Keyring
from server.vault.sealing import unseal

_LOOKED_AT = 1000


async def check_secrets(house: House) -> AsyncIterator[Finding]:
    """The keys, and then each secret, of at most a thousand unless everything is wanted."""
    store = house.store
    if store is None:
        return
    keyring = make_keyring(house.settings)
    try:
        known = {key.id for key in keyring.all()}
        used = await store.secrets.key_ids()
    except FlowDeskError as error:
        yield problem("secrets.key", error.message, error.hint)
        return
    if not used:
        yield ok("secrets", "there are no secrets")
        return
    if missing := sorted(used - known):
        yield problem("secrets.key", f"secrets are sealed with the key {some(missing, 3)}, which is not here")
        return
    count, damaged = await _open_each(store, keyring, everything=house.everything)
    if damaged:
        yield problem("secrets.damaged", f"do not open: {some(damaged, 5)}")
    else:
        yield ok("secrets", f"{count} secrets open with the keys that are here")


async def _open_each(store: Store, keyring: Keyring, *, everything: bool) -> tuple[int, list[str]]:
    count, damaged = 0, []
    after: tuple[str, str] | None = None
    while page := await store.secrets.everything(limit=100, after=after):
        for row in page:
            count += 1
            if not _opens(row, keyring):
                damaged.append(row.name)
        after = (page[-1].owner_id, page[-1].name)
        if count >= _LOOKED_AT and not everything:
            break
    return count, damaged


def _opens(row: SecretRow, keyring: Keyring) -> bool:
    try:
        unseal(row, keyring)
    except Invalid:
        return False
    return True
