"""The server on this machine as its data directory tells: where it is, whether it lives, how to reach it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import BadJson
from engine.jsonio import parse_json

DATA_DIR: Final = "FLOWDESK_DATA_DIR"


@dataclass(slots=True, frozen=True)
class LocalServer:
    """What `server.json`, or the hello line of a child, says about a running server."""

    url: str
    pid: int
    token: str | None


def data_dir(environ: Mapping[str, str], cwd: Path | None = None) -> Path:
    """Where a local server keeps its data: from the environment, a `.env` beside us, or the platform's place."""
    given = setting(DATA_DIR, environ, cwd)
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("flowdesk", appauthor=False))


def setting(name: str, environ: Mapping[str, str], cwd: Path | None = None) -> str | None:
    """One of the server's settings as a server started here would see it; None when not given."""
    # The server reads the same file; whoever starts and whoever looks must mean the same.
    return environ.get(name) or _from_dotenv((cwd or Path.cwd()) / ".env", name) or None


def living_server(directory: Path) -> LocalServer | None:
    """The server whose process exists, according to the state file; it may still be starting or leaving."""
    try:
        found = parse_server((directory / "server.json").read_bytes())
    except OSError:
        return None
    return found if found is not None and is_alive(found.pid) else None


def parse_server(raw: bytes) -> LocalServer | None:
    """A server from a JSON object with `url`, `pid` and perhaps `token`; None for anything else."""
    try:
        value = parse_json(raw)
    except BadJson:
        return None
    if not isinstance(value, dict):
        return None
    url, pid, token = value.get("url"), value.get("pid"), value.get("token")
    if (
        not isinstance(url, str)
        or not isinstance(pid, int)
        or isinstance(pid, bool)
        or not isinstance(token, str | None)
    ):
        return None
    return LocalServer(url, pid, token)


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return pid < 1 << 31
    return True


def _from_dotenv(path: Path, name: str) -> str | None:
    if not path.is_file():
        return None
    from dotenv import dotenv_values

    try:
        return dotenv_values(path, interpolate=False).get(name)
    except (OSError, UnicodeDecodeError):
        return None
