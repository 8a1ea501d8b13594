"""A server program of somebody else, started for tests: on a free port, with data of its own, gone when we are."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

_PR_SET_PDEATHSIG = 1
_FORKER = ThreadPoolExecutor(1, thread_name_prefix="forker")
"""Servers die with the thread that forked them, so that must be one that lives as long as this process."""
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServerProcess:
    """Start it, kill it, let it sleep, start it again on the same data and port."""

    name = "server"
    start_s = 30.0

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"flowdesk-{self.name}-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """What to run."""
        raise AssertionError("each kind of server says this")

    def answers(self) -> bool:
        """Whether it takes requests."""
        raise AssertionError("each kind of server says this")

    @property
    def pid(self) -> int:
        """The process; it must be running."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self._process is None
        with (self.directory / "output").open("ab") as output:
            self._process = _FORKER.submit(
                subprocess.Popen,
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_die_with_us,  # it only calls prctl
            ).result()
        until = time.monotonic() + self.start_s
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                said = (self.directory / "output").read_text(errors="replace")[-2000:]
                pytest.fail(f"{self.name} did not start:\n{said}")
            time.sleep(0.01)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to leave."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Stop it in its tracks; connections stay open and nothing is answered.

        On a busy machine threads go on for a while after the signal: return when the last of them stands.
        """
        os.kill(self.pid, signal.SIGSTOP)
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def revive(self) -> None:
        """Have it run, whatever was done to it."""
        if self.alive:
            self.resume()
        else:
            self._process = None
            self.start()

    def discard(self) -> None:
        """Kill it, if it runs, and remove its data."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.send_signal(signal.SIGCONT)
            process.wait(30)


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cannot_run(what: str, variable: str) -> None:
    """Say why a server is missing: a failure where it ought to be there, a skip elsewhere."""
    message = f"{what} cannot be started here; install the development dependencies, or set {variable}"
    if sys.platform == "linux" or os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def _die_with_us() -> None:
    """Have the kernel kill the server when this process ends, however it ends."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
