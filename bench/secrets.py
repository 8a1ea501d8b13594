"""What secrets cost: fetching one at an attempt, and looking for it in what is written."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.plan import Plan
from bench.report import Cell, Report
from engine.masking import Masker
from engine.sdk import Host
from engine.stores.sqlite.store import SqliteStore
from server.vault.keeper import Change, Keeper
from server.vault.keyring import Keyring
from server.vault.sources import Sources

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
OWNER = "bench"


def measure(report: Report, plan: Plan) -> None:
    """Against SQLite, one after another and many at once."""
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as directory:
        rows += asyncio.run(_resolving(Path(directory), max(20, plan.repeats * 200)))
    masker = Masker([TOKEN])
    small = {"status": 200, "headers": {"content-type": "application/json"}, "body": {"id": 7, "name": "a note"}}
    large = {"rows": [{"id": n, "name": f"row number {n} of many", "ok": True} for n in range(5000)]}
    rows.append(["hide it in a small output", _us(lambda: masker.value(small), 200)])
    rows.append(["hide it in 5,000 rows", _us(lambda: masker.value(large), max(1, plan.repeats))])
    report.section("Secrets", ("what", "us each"), rows)


async def _resolving(directory: Path, count: int) -> list[list[Cell]]:
    store = SqliteStore(directory / "flowdesk.db")
    await store.open()
    try:
        keyring = Keyring(None, directory / "secrets.key", may_make=True)
        keeper = Keeper(store.secrets, keyring, Sources(), Host())
        await keeper.create(OWNER, "TOKEN", Change(value=TOKEN))
        await keeper.resolve(OWNER, ["TOKEN"])
        began = perf_counter()
        for _ in range(count):
            await keeper.resolve(OWNER, ["TOKEN"])
        alone = (perf_counter() - began) / count * 1e6
        began = perf_counter()
        await asyncio.gather(*(keeper.resolve(OWNER, ["TOKEN"]) for _ in range(count)))
        together = (perf_counter() - began) / count * 1e6
    finally:
        await store.close()
    return [["resolve one, one after another", alone], ["resolve one, many at once", together]]


def _us(work: Callable[[], Any], count: int) -> float:
    began = perf_counter()
    for _ in range(count):
        work()
    return (perf_counter() - began) / count * 1e6
