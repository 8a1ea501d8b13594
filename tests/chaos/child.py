"""Processes of FlowDesk that are killed, stopped in their tracks and started again."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

START_S: Final = 30.0
ROOT: Final = Path(__file__).parents[2]


class Child:
    """One process and whatever it starts itself, all in one process group."""

    def __init__(self, name: str, directory: Path, command: list[str], env: Mapping[str, str]) -> None:
        self.name = name
        self.directory = directory
        self.started_at = 0.0
        self._said_before = 0
        self._command = command
        self._env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        self._env |= {"PYTHONPATH": str(ROOT), **env}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        """Whether it does its work."""
        return self.is_alive

    def start(self) -> None:
        """Start it; it may take a moment until it answers."""
        assert not self.is_alive
        self.directory.mkdir(parents=True, exist_ok=True)
        self.started_at = time.time()
        self._said_before = len(self.said())
        with (self.directory / f"{self.name}.log").open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.directory,
                env=self._env,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Until it answers."""
        until = time.monotonic() + START_S
        while not self.answers():
            if not self.is_alive or time.monotonic() > until:
                raise AssertionError(f"{self.name} did not start:\n{self.said()[-3000:]}")
            time.sleep(0.02)

    def said(self) -> str:
        """All it ever wrote."""
        path = self.directory / f"{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def said_since_start(self) -> str:
        """What it wrote since it was started last, or since its work was interrupted."""
        return self.said()[self._said_before :]

    def kill(self) -> None:
        """kill -9 of the whole group."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(START_S)

    def pause(self) -> None:
        """Stop it in its tracks; connections stay open and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def terminate(self, within_s: float = START_S) -> int:
        """SIGTERM to the whole group, as a service manager does; the exit code."""
        assert self._process is not None
        self._signal(signal.SIGTERM)
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not leave within {within_s:g} s:\n{self.said()[-3000:]}") from None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


class ServerChild(Child):
    """A `flowdesk-server` on a port that stays the same."""

    def __init__(self, name: str, directory: Path, port: int, env: Mapping[str, str]) -> None:
        command = [sys.executable, "-P", "-m", "server", "serve", "--port", str(port)]
        super().__init__(name, directory, command, {"FLOWDESK_DATA_DIR": str(directory), **env})
        self.port = port

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str | None:
        """What it tells those on its machine, once it does."""
        path = self.directory / "server.json"
        state = json.loads(path.read_text()) if path.exists() else {}
        return state["token"] if self._process is not None and state.get("pid") == self._process.pid else None

    def answers(self) -> bool:
        """Whether it takes new work."""
        if self.token is None:
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class WorkerChild(Child):
    """A `taskiq worker` with one process below its manager."""

    def __init__(self, name: str, directory: Path, env: Mapping[str, str]) -> None:
        command = [sys.executable, "-P", "-m", "taskiq", "worker", "server.worker:broker", "--workers", "1"]
        super().__init__(name, directory, command, {"FLOWDESK_DATA_DIR": str(directory), **env})

    def answers(self) -> bool:
        """Whether the process below the manager executes runs."""
        return self.is_alive and "a worker is ready" in self.said_since_start()

    def kill_process(self) -> None:
        """kill -9 of the process that works; the manager is to start another one."""
        self._said_before = len(self.said())
        for pid in self._below():
            os.kill(pid, signal.SIGKILL)

    def kill_manager(self, within_s: float = START_S) -> None:
        """kill -9 of the manager alone; the process below it is to leave by itself."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(START_S)
        until = time.monotonic() + within_s
        while self._group_lives():
            assert time.monotonic() < until, f"{self.name} lives on without its manager:\n{self.said()[-3000:]}"
            time.sleep(0.02)

    def _below(self) -> list[int]:
        assert self._process is not None
        pid = self._process.pid
        pids = [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [pid for pid in pids if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def _group_lives(self) -> bool:
        assert self._process is not None
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True
