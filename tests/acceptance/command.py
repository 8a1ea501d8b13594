"""The `flowdesk` command as people and scripts run it: real processes, a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowdesk.local import LocalServer, living_server

FLOWDESK = str(Path(sys.executable).with_name("flowdesk"))
WITHIN_S = 60


@dataclass(slots=True)
class Ended:
    """What a finished command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def records(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(slots=True)
class Home:
    """A user's directories and environment; commands run in `work`."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    spawned: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """The data directory of the local server."""
        return self.root / "data"

    @property
    def work(self) -> Path:
        """Where commands run and files are."""
        path = self.root / "work"
        path.mkdir(exist_ok=True)
        return path

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the machine's but what a program needs."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        ours = {"FLOWDESK_DATA_DIR": str(self.data), "FLOWDESK_CONFIG_DIR": str(self.root / "config")}
        return {**kept, **ours, "FLOWDESK_BCRYPT_COST": "10", **self.environ, **more}

    def flowdesk(self, *arguments: str, stdin: str = "", **more: str) -> Ended:
        """Run a command to its end, without a terminal."""
        ran = subprocess.run(
            [FLOWDESK, *arguments],
            input=stdin.encode(),
            capture_output=True,
            timeout=WITHIN_S,
            cwd=self.work,
            env=self.environment(**more),
        )
        assert b"Traceback" not in ran.stderr, ran.stderr.decode()
        return Ended(ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    def spawn(self, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own; it is killed at the end of the test if it still runs."""
        process = subprocess.Popen(
            [FLOWDESK, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.work,
            env=self.environment(**more),
            start_new_session=True,
        )
        self.spawned.append(process)
        return process

    def close(self) -> None:
        """Leave no process behind."""
        for process in self.spawned:
            process.kill()
            process.communicate(timeout=WITHIN_S)

    def write(self, name: str, document: Any) -> str:
        """A workflow file in the working directory: text as it is, anything else as JSON."""
        text = document if isinstance(document, str) else json.dumps(document)
        (self.work / name).write_text(text)
        return name

    def living(self) -> LocalServer | None:
        """The local server that runs."""
        return living_server(self.data)


def end(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> Ended:
    """Send a signal to a spawned command and wait for its end."""
    process.send_signal(number)
    out, err = process.communicate(timeout=WITHIN_S)
    return Ended(process.returncode, out.decode(), err.decode())


def read_until(process: subprocess.Popen[bytes], text: str) -> str:
    """What a spawned command prints up to and including the line with this text."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line.decode()
        if text in line.decode():
            return seen
    assert process.stderr is not None
    raise AssertionError(f"{text!r} never came; {seen!r} {process.stderr.read().decode()!r}")


def eventually(what: Any, within_s: float = 20) -> Any:
    """The first true value of `what()`."""
    limit = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.02)
    return found


@contextmanager
def serving(home: Home) -> Iterator[LocalServer]:
    """`flowdesk serve` in the background, on a free port."""
    process = subprocess.Popen(
        [FLOWDESK, "serve", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=home.work,
        env=home.environment(),
    )
    try:
        eventually(lambda: process.poll() is not None or home.living())
        server = home.living()
        assert server is not None, process.communicate()[1].decode()
        yield server
    finally:
        process.terminate()
        process.communicate(timeout=WITHIN_S)
