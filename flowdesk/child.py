"""A server as a child process: started with `python -P`, introduced by a hello line, ended by closing its stdin.

`-P` keeps a `server/` or `plugins/` folder in the working directory from taking the place of ours. When this copy of
FlowDesk is not the installed one (an editable install, a checkout), its own directory goes first on the child's path.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from engine.errors import BadJson
from engine.jsonio import parse_json
from flowdesk.errors import Unreachable
from flowdesk.local import LocalServer, parse_server
from flowdesk.private import make_private_dir

START_S: Final = 20.0
STOP_S: Final = 15.0
LAST_S: Final = 2.0
LOG_NAME: Final = "server.log"
MAX_LOG: Final = 5 * 1024 * 1024
_OURS: Final = frozenset(
    {
        "FLOWDESK_URL",
        "FLOWDESK_TOKEN",
        "FLOWDESK_CONTEXT",
        "FLOWDESK_CONFIG_DIR",
        "FLOWDESK_STATE_DIR",
        "FLOWDESK_MOUSE",
        "FLOWDESK_DEBUG",
    }
)


def server_command(*arguments: str) -> list[str]:
    """How this Python runs the server."""
    return [sys.executable, "-P", "-m", "server", *arguments]


def server_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: without what only the command line reads, and able to import this copy of the server."""
    given = {name: value for name, value in environ.items() if name not in _OURS}
    root = Path(__file__).resolve().parent.parent
    installed = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}
    if root not in installed:
        given["PYTHONPATH"] = os.pathsep.join([str(root), *filter(None, [given.get("PYTHONPATH")])])
    return given


@dataclass(slots=True)
class Child:
    """A running child server. `stop` ends it; so does the end of this process, which closes the child's stdin.

    What it wrote begins at `offset` in the log, which earlier servers wrote to as well.
    """

    server: LocalServer
    log: Path
    offset: int
    process: asyncio.subprocess.Process
    _drain: asyncio.Task[None]

    async def stop(self, within_s: float = STOP_S) -> int | None:
        """Ask it to finish and wait; terminated, then killed, when it takes too long. Its exit code."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        for end in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), within_s)
                break
            _send(self.process, end)
        await self.process.wait()
        await self._drain
        return self.process.returncode

    async def ended(self) -> None:
        """Return when it has ended by itself."""
        await self.process.wait()

    def last_words(self) -> str:
        """Why it ended, as far as its log or its exit code tells."""
        words = _last_words(self.log, self.offset, errors_only=True)
        return words.text if words else f"exit code {self.process.returncode}"


class DidNotStart(Unreachable):
    """The local server did not start; `reason` is the code of the error it ended with."""

    code = "did_not_start"

    def __init__(
        self, message: str, *, exit_code: int | None, reason: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code
        self.reason = reason


async def start(directory: Path, environ: Mapping[str, str], *arguments: str, within_s: float = START_S) -> Child:
    """Start a server and wait for its hello line; DidNotStart with its own last words when there is none."""
    path = directory / LOG_NAME
    try:
        make_private_dir(directory)
        log = _open_log(path)
    except OSError as error:
        raise Unreachable(
            f"cannot use the data directory {directory}: {error.strerror}", hint="FLOWDESK_DATA_DIR names another one"
        ) from None
    with log:
        offset = log.tell()
        process = await asyncio.create_subprocess_exec(
            *server_command(*arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=server_environment(environ),
            start_new_session=True,  # ctrl-c is for us; the child learns of our end from its stdin
        )
    try:
        hello = await asyncio.wait_for(_hello(process), within_s)
    except BaseException as error:
        await _kill(process)
        if not isinstance(error, TimeoutError):
            raise
        hello = None
    if hello is None:
        await _kill(process)
        said = _last_words(path, offset) or Words(f"it ended with code {process.returncode}")
        text = f"the local server did not start: {said.text}"
        raise DidNotStart(text, exit_code=process.returncode, reason=said.code, hint=f"its log is {path}")
    return Child(hello, path, offset, process, asyncio.create_task(_discard(process)))


async def _hello(process: asyncio.subprocess.Process) -> LocalServer | None:
    """The first line that introduces a server; None when stdout ends without one."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    while line := await process.stdout.readline():
        found = parse_server(line)
        if found is not None:
            return found
    return None


async def _discard(process: asyncio.subprocess.Process) -> None:
    """Keep reading, so that a talkative child never blocks on a full pipe."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    while await process.stdout.read(65_536):
        pass


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Let it end by itself if it is about to, so that its exit code tells why; else end it."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), LAST_S)
    _send(process, signal.SIGKILL)
    await process.wait()


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # Not process.kill(): it may reap the child behind the event loop's back, and its exit code would be lost.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > MAX_LOG:
        path.replace(path.with_suffix(".log.1"))
    return open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")  # noqa: PTH123


@dataclass(slots=True, frozen=True)
class Words:
    """What a server said, and the code of the error it was about."""

    text: str
    code: str | None = None


def _last_words(path: Path, offset: int, *, errors_only: bool = False) -> Words | None:
    """The last error written after `offset`, or else the last line of any kind."""
    try:
        with path.open("rb") as file:
            file.seek(max(offset, path.stat().st_size - 65_536))
            lines = [line for line in file.read().splitlines() if line.strip()]
    except OSError:
        return None
    entries = [_entry(line) for line in lines]
    errors = [entry for entry in entries if entry.get("level") in ("error", "critical")]
    chosen = errors or ([] if errors_only else entries)
    return _words(chosen[-1]) if chosen else None


def _entry(line: bytes) -> dict[str, Any]:
    """A structured log line, or an unstructured one in the same form."""
    try:
        value = parse_json(line)
    except BadJson:
        value = None
    if isinstance(value, dict) and isinstance(value.get("message"), str):
        return value
    return {"message": line.decode("utf-8", "replace").strip()}


def _words(entry: dict[str, Any]) -> Words:
    traceback, code = entry.get("traceback"), entry.get("code")
    cause = traceback.strip().splitlines()[-1:] if isinstance(traceback, str) else []
    return Words(": ".join([entry["message"], *cause]), code if isinstance(code, str) else None)
