"""`server.json` in the data directory: how the commands on this machine find and enter the running server.

It holds a token, so only its owner may read it. A server that was killed leaves it behind; readers check the process.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadJson, Unusable
from engine.jsonio import dumps, parse_json


@dataclass(slots=True, frozen=True)
class Running:
    """A running server, and the token of the local administrator."""

    url: str
    pid: int
    token: str
    version: str

    def line(self) -> bytes:
        """As one line of JSON."""
        return dumps({"url": self.url, "pid": self.pid, "token": self.token, "version": self.version}) + b"\n"


def write_state(path: Path, running: Running) -> None:
    """Say that this server runs; the file appears whole or not at all."""
    aside = path.with_name(f"{path.name}.{running.pid}")
    try:
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(running.line())
        aside.replace(path)
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}", hint="check the data directory") from None


def read_state(path: Path) -> Running | None:
    """The server that wrote the file, if its process lives; None otherwise."""
    try:
        found = parse_json(path.read_bytes())
        running = Running(found["url"], found["pid"], found["token"], found["version"])
        os.kill(running.pid, 0)
    except (OSError, BadJson, KeyError, TypeError):
        return None
    return running


def remove_state(path: Path, pid: int) -> None:
    """Take the file away when it is this process's."""
    try:
        if parse_json(path.read_bytes())["pid"] == pid:
            path.unlink()
    except (OSError, BadJson, KeyError, TypeError):
        return
