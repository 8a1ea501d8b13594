"""The doctor's findings by code, of a data directory a test has prepared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.store import Store
from engine.stores.sqlite.store import SqliteStore
from server.doctor.examination import examine_house
from server.doctor.findings import Finding, Level
from server.doctor.house import House, load_registry
from server.settings import Settings

STRONG = "Zk3vQ9xP7mT2rW8sL4nB6hJ1cF5gD0aE"


class Findings(list[Finding]):
    """What was found."""

    def of(self, code: str) -> list[Finding]:
        """The findings with this code."""
        return [finding for finding in self if finding.code == code]

    def one(self, code: str) -> Finding:
        """The only one."""
        (finding,) = self.of(code)
        return finding

    @property
    def bad(self) -> list[tuple[str, str]]:
        """Warnings and problems that are left, by level and code."""
        left = [finding for finding in self if finding.level >= Level.WARNING and not finding.fixed]
        return [(finding.level.name, finding.code) for finding in left]


async def examined(directory: Path, *, fix: bool = False, everything: bool = False, **settings: Any) -> Findings:
    """Ask the doctor, here and now."""
    house = House(Settings(data_dir=directory, **settings), load_registry(), fix=fix, everything=everything)
    return Findings([finding async for finding in examine_house(house)])


@asynccontextmanager
async def database(directory: Path) -> AsyncIterator[Store]:
    """The open database of a data directory, which is made."""
    directory.mkdir(mode=0o700, exist_ok=True)
    store = SqliteStore(directory / "flowdesk.db")
    await store.open()
    try:
        yield store
    finally:
        await store.close()
