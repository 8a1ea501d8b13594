"""Several FlowDesks over one MongoDB and one Redis, in this process and in others."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.server.process import Ended, environment

SECRET = "Zk3vQ9xP7mT2rW8sL4nB6hJ1cF5gD0aE"
WITHIN_S = 30

_WITHOUT_UVLOOP = (
    "import sys; sys.modules['uvloop'] = None; sys.argv[0] = 'taskiq'; import taskiq.__main__ as m; m.main()"
)


async def until(true: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Wait until this holds."""

    async def look() -> bool:
        return true()

    await until_async(look, within_s)


async def until_async(true: Callable[[], Awaitable[bool]], within_s: float = WITHIN_S) -> None:
    """The same for something that has to be asked."""
    async with asyncio.timeout(within_s):
        while True:
            if await true():
                return
            await asyncio.sleep(0.01)


def shared(mongo_url: str, redis_url: str | None = None, **more: Any) -> dict[str, Any]:
    """Settings by field, for servers in this process."""
    found = {"mongo_url": mongo_url, "jwt_secret": SECRET, **more}
    return found if redis_url is None else {**found, "redis_url": redis_url}


def new_prefix() -> str:
    """Names in Redis nobody else uses."""
    return f"test-{secrets.token_hex(6)}"


@dataclass(slots=True)
class Workers:
    """`taskiq worker`: the manager, the leader of a process group of its own, and what it says."""

    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        """The manager."""
        return self.process.pid

    def said(self) -> str:
        """Everything so far."""
        return self.log.read_text(errors="replace")

    def children(self) -> list[int]:
        """The worker processes, oldest first."""
        return sorted(pid for pid in group(self.pid) if pid != self.pid)

    def signal_group(self, number: signal.Signals) -> None:
        """What a terminal, a service manager or a container does."""
        os.killpg(self.pid, number)

    async def ended(self) -> Ended:
        """Wait until the manager and all its children have ended."""
        async with asyncio.timeout(WITHIN_S):
            code = await self.process.wait()
        await until(lambda: not group(self.pid), WITHIN_S)
        return Ended(code, "", self.said())


@asynccontextmanager
async def workers(
    directory: Path, settings: dict[str, str], *, processes: int = 1, ready: bool = True, uvloop: bool = True
) -> AsyncIterator[Workers]:
    """`taskiq worker server.worker:broker`, ready to work; killed at the end if it still runs."""
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "worker.log"
    start = ["-m", "taskiq"] if uvloop else ["-c", _WITHOUT_UVLOOP]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *start, "worker", "server.worker:broker", "--workers", str(processes)),
            cwd=directory,
            env=environment(directory, {"FLOWDESK_LOG_FORMAT": "json", **settings}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    found = Workers(process, log)
    try:
        if ready:
            await until(lambda: found.said().count("a worker is ready") == processes, WITHIN_S)
        yield found
    finally:
        for pid in [*group(found.pid)]:
            _kill(pid)
        if process.returncode is None:
            await process.wait()


def group(leader: int) -> set[int]:
    """The living processes of a process group."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return {int(pid) for pid, pgid, stat in rows if int(pgid) == leader and stat[0] != "Z"}


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
