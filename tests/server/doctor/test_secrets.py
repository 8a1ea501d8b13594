"""Whether the stored secrets open with the keys that are here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.clock import now_ms
from engine.secret_rows import SecretRow
from server.doctor.findings import Level
from server.vault.keyring import Keyring
from server.vault.sealing import Content, seal
from tests.contract.make import make_secret
from tests.server.doctor.examined import database, examined


async def _kept(data: Path, name: str) -> tuple[Keyring, SecretRow]:
    keyring = Keyring(None, data / "secrets.key", may_make=True)
    async with database(data) as store:
        key = keyring.sealing()
        sealed = seal(Content(value="a value to keep"), key, owner="me", name=name, kind="value")
        row = make_secret(owner_id="me", name=name, key_id=key.id, sealed=sealed, created_at=now_ms())
        await store.secrets.create(row)
    return keyring, row


async def test_secrets_that_open(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with database(data):
        pass
    assert (await examined(data)).one("secrets").message == "there are no secrets"
    await _kept(data, "ONE")
    found = (await examined(data)).one("secrets")
    assert (found.level, found.message) == (Level.OK, "1 secrets open with the keys that are here")


async def test_a_key_that_is_not_here(tmp_path: Path) -> None:
    """Row 51: named, with what to do; a file that holds no key is told as such."""
    data = tmp_path / "data"
    keyring, row = await _kept(data, "ONE")
    keyring.path.rename(tmp_path / "away")
    found = (await examined(data)).one("secrets.key")
    assert (found.level, row.key_id in found.message) == (Level.PROBLEM, True)
    keyring.path.write_text("bm90IGEga2V5")
    keyring.path.chmod(0o600)
    assert "32 are needed" in (await examined(data)).one("secrets.key").message


async def test_a_row_that_was_changed(tmp_path: Path) -> None:
    """Row 51."""
    data = tmp_path / "data"
    _, row = await _kept(data, "ONE")
    async with database(data) as store:
        await store.secrets.replace(replace(row, revision=row.revision + 1, sealed=row.sealed[:-8] + "AAAAAAA="))
    found = (await examined(data)).one("secrets.damaged")
    assert (found.level, found.message) == (Level.PROBLEM, "do not open: ONE")
