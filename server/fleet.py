"""Who works on the same store, and whether they fit together: each process says with its heartbeat what it is."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.engine import Engine
from engine.registry import BUILT_IN, Registry
from engine.store import ProcessRow, Store
from server.settings import Settings

log = logging.getLogger("flowdesk.server")

Role = Literal["server", "worker"]

MOST_REFS: Final = 200
AHEAD_MS: Final = 2000


def introduction(role: Role, settings: Settings, registry: Registry, *, version: str, now: int) -> dict[str, Any]:
    """What this process says of itself."""
    refs = [definition.ref for definition in registry.all()]
    added = sorted(ref for plugin in registry.plugins if plugin.source != BUILT_IN for ref in plugin.refs)
    worker = role == "worker"
    return {
        "role": role,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "version": version,
        "since": now,
        "executes": "all" if worker else settings.execute,
        "concurrency": settings.worker_concurrency if worker else settings.max_concurrent_runs,
        "workers": settings.workers_execute,
        "queue": None if settings.redis_url is None else settings.redis_prefix,
        "steps": hashlib.sha256("\n".join(refs).encode()).hexdigest()[:12],
        "added": added[:MOST_REFS],
    }


@dataclass(slots=True, frozen=True)
class Member:
    """One living process: its owner id, and what it says of itself."""

    owner: str
    info: dict[str, Any]

    def says(self, name: str, default: Any = None) -> Any:
        """One thing it says; a process of another version may say less."""
        found = self.info.get(name)
        return default if found is None else found

    @property
    def name(self) -> str:
        """How a person finds it."""
        return f"the {self.says('role', 'process')} {self.says('pid', '?')} on {self.says('host', '?')}"


def living(processes: Sequence[ProcessRow], now: int) -> list[Member]:
    """Those whose heartbeat has not run out."""
    return [Member(row.owner, row.info or {}) for row in processes if row.until > now]


def differences(mine: Member, other: Member, now: int) -> list[str]:
    """What about another process does not go with this one, and what to do about it; one line each."""
    found = []
    if other.says("version") != mine.says("version"):
        found.append(f"it runs FlowDesk {other.says('version', '?')} and this one {mine.says('version')}; upgrade all")
    found += _other_steps(mine, other)
    for setting, name in (("workers", "FLOWDESK_WORKERS"), ("queue", "REDIS_URL or FLOWDESK_REDIS_PREFIX")):
        if other.says(setting) != mine.says(setting):
            values = f"{other.says(setting, 'nothing')} there, {mine.says(setting, 'nothing')} here"
            found.append(f"its {name} differs ({values}); give every process the same settings")
    ahead_s = (other.says("at", now) - now) / 1000
    if ahead_s * 1000 > AHEAD_MS:
        found.append(f"its clock is {ahead_s:.0f} s ahead of this one; keep clocks together by NTP")
    return found


async def report(engine: Engine, store: Store) -> None:
    """Tell the operator, once, which living processes do not go with this one."""
    if store.exclusive:
        return
    now = engine.clock()
    mine = Member(engine.owner, engine.info)
    for other in living(await store.upkeep.processes(), now):
        if other.owner != mine.owner:
            for text in differences(mine, other, now):
                log.warning("%s: %s", other.name, text)


def _other_steps(mine: Member, other: Member) -> list[str]:
    if other.says("steps") == mine.says("steps"):
        return []
    here, there = set(mine.says("added", ())), set(other.says("added", ()))
    parts = [
        f"{', '.join(sorted(refs))} only {where}"
        for refs, where in ((there - here, "there"), (here - there, "here"))
        if refs
    ]
    which = f" ({'; '.join(parts)})" if parts else ""
    return [f"it has other kinds of steps{which}; install the same plugins everywhere"]
