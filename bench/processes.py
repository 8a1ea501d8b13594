"""Processes that are measured: started with a hello line, looked at from outside, ended by closing their stdin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

START_S: Final = 60.0
STOP_S: Final = 60.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Process:
    """A child that prints one JSON line with its `url` when it is ready."""

    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self.begun = time.perf_counter()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=dict(os.environ, **(env or {})),
        )
        self.hello = self._read_hello()
        self.url: str = self.hello["url"].rstrip("/")
        self.pid = self._child.pid

    def _read_hello(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            self._child.wait(START_S)
            raise RuntimeError(f"did not start: {self.last_words()}")
        hello: dict[str, Any] = json.loads(line)
        return hello

    def last_words(self) -> str:
        """The end of what it wrote to stderr."""
        self._errors.seek(0)
        return self._errors.read()[-2000:].decode("utf-8", "replace")

    def rss_mib(self) -> float:
        """Memory held now, in MiB."""
        status = Path(f"/proc/{self.pid}/status")
        if status.exists():
            line = next(row for row in status.read_text().splitlines() if row.startswith("VmRSS:"))
            return int(line.split()[1]) / 1024
        shown = subprocess.run(["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, text=True, check=True)
        return int(shown.stdout) / 1024

    def cpu_seconds(self) -> float:
        """Processor time used so far; 0 where the system has no /proc."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return 0.0
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def stop(self) -> None:
        """Let it finish in good order; killed when it does not."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            self._child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9."""
        self._child.kill()
        self._child.wait(STOP_S)
        if self._child.stdin is not None:
            self._child.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._child.poll() is None:
            self.stop()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._errors.close()


def flowdesk(directory: Path, **settings: str) -> Process:
    """A FlowDesk server of its own on a free port, as `flowdesk` itself would start it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWDESK_")}
    chosen = {
        "PORT": "0",
        "FLOWDESK_DATA_DIR": str(directory),
        "FLOWDESK_EGRESS_ALLOW": "127.0.0.1",
        "FLOWDESK_LOG_LEVEL": "warning",
        **settings,
    }
    return Process("server", "--embedded", env=kept | chosen)


def ceiling(mode: str, directory: Path) -> Process:
    """One of the two raw ceilings; see bench/ceilings.py."""
    return Process("bench.ceilings", mode, "--dir", str(directory))
