"""Real server processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
WITHIN_S = 30


@dataclass(slots=True)
class Ended:
    """What a finished process left behind."""

    code: int
    out: str
    err: str


def environment(directory: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Nothing of ours but what the test says, and passwords that cost little."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    ours = {"PYTHONPATH": str(ROOT), "FLOWDESK_DATA_DIR": str(directory), "FLOWDESK_BCRYPT_COST": "10"}
    return {**kept, **ours, **more}


async def spawn(directory: Path, *arguments: str, **more: str) -> asyncio.subprocess.Process:
    """Start `flowdesk-server` with these arguments and settings."""
    cwd = directory.parent
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "server", *arguments),
        cwd=cwd,
        env=environment(directory, more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(directory: Path, *arguments: str, stdin: str = "", **more: str) -> Ended:
    """Run `flowdesk-server` to its end."""
    process = await spawn(directory, *arguments, **more)
    async with asyncio.timeout(WITHIN_S):
        out, err = await process.communicate(stdin.encode())
    return Ended(process.returncode or 0, out.decode(), err.decode())


@dataclass(slots=True)
class Served:
    """A running server process."""

    process: asyncio.subprocess.Process
    state: dict[str, Any]

    @property
    def url(self) -> str:
        """Where it is."""
        return str(self.state["url"])

    async def ended(self) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(WITHIN_S):
            out, err = await self.process.communicate()
        return Ended(self.process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def running(directory: Path, *arguments: str, **more: str) -> AsyncIterator[Served]:
    """A server on a free port, killed at the end if it still runs."""
    process = await spawn(directory, "serve", "--port", "0", *arguments, **more)
    try:
        yield Served(process, await _state(directory / "server.json", process))
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def _state(path: Path, process: asyncio.subprocess.Process) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_S):
        while True:
            if path.exists():
                found: dict[str, Any] = json.loads(path.read_text())
                if found["pid"] == process.pid:
                    return found
            if process.returncode is not None:
                _, err = await process.communicate()
                raise AssertionError(err.decode())
            await asyncio.sleep(0.02)


def stop(process: asyncio.subprocess.Process, number: signal.Signals = signal.SIGTERM) -> None:
    """Ask it to leave."""
    process.send_signal(number)
