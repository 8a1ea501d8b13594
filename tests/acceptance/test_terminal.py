"""`flowdesk` without a command, on a real terminal: it opens, outlives its engine, and leaves all as it was."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flowdesk.local import is_alive
from tests.acceptance.command import FLOWDESK, WITHIN_S, Home, eventually

HELLO = {
    "name": "Hi there",
    "steps": [
        {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "say"},
        {"id": "say", "ref": "core.log", "params": {"message": "hi"}},
    ],
}


@dataclass(slots=True)
class Terminal:
    """A terminal of 120 columns and 36 rows with a program in it."""

    process: subprocess.Popen[bytes]
    master: int
    seen: bytes = b""

    def press(self, keys: bytes) -> None:
        """Type; only what is drawn from now on is looked at."""
        self.seen = b""
        os.write(self.master, keys)

    def until(self, text: str) -> None:
        """Return when the text has been drawn; spaces count for nothing, because the cursor jumps over them."""
        wanted, end = text.replace(" ", ""), time.monotonic() + WITHIN_S
        while wanted not in self.plain():
            assert time.monotonic() < end, f"{text!r} never came: {self.plain()[:1200]}"
            self.read()

    def read(self) -> None:
        """Take what is there, waiting a moment for it."""
        if select.select([self.master], [], [], 0.1)[0]:
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:  # the last one using the terminal has ended
                time.sleep(0.01)

    def plain(self) -> str:
        """What was drawn, without colours, cursor movements and spaces."""
        text = self.seen.decode(errors="replace")
        return re.sub(r"\x1b\][^\x07]*\x07|\x1b\[[0-9;?<>=]*\$?[A-Za-z]|\s", "", text)

    def ended(self) -> int:
        """The exit code, after everything was read."""
        end = time.monotonic() + WITHIN_S
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            self.read()
        self.read()
        return self.process.returncode


@contextmanager
def opened(home: Home, *arguments: str) -> Iterator[Terminal]:
    """The terminal UI, standing on the list of workflows."""
    state = home.root / "state"
    state.mkdir(exist_ok=True)
    (state / "session.json").write_text(json.dumps({"area": "workflows"}))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    environ = home.environment(
        TERM="xterm-256color",
        LANG="C.UTF-8",
        FLOWDESK_STATE_DIR=str(state),
        PORT="0",
        FLOWDESK_GRACE_S="0",
        TEXTUAL_ANIMATIONS="none",
    )
    process = subprocess.Popen(
        [FLOWDESK, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=home.work,
        env=environ,
        start_new_session=True,
    )
    before = termios.tcgetattr(slave)
    try:
        yield Terminal(process, master)
        if process.poll() is not None:
            assert termios.tcgetattr(slave)[:4] == before[:4], "the terminal is not as it was"
    finally:
        process.kill()
        process.wait(timeout=WITHIN_S)
        os.close(slave)
        os.close(master)


def test_it_opens_without_a_command_and_takes_its_engine_along(home: Home) -> None:
    home.flowdesk("apply", home.write("hi.json", HELLO))
    with opened(home) as terminal:
        terminal.until("Hi there")
        server = home.living()
        assert server is not None
        terminal.press(b"\x11")
        assert terminal.ended() == 0
        assert b"\x1b[?1049l" in terminal.seen
        eventually(lambda: not is_alive(server.pid))


def test_a_killed_engine_is_told_and_enter_starts_it_again(home: Home) -> None:
    home.flowdesk("apply", home.write("hi.json", HELLO))
    with opened(home) as terminal:
        terminal.until("Hi there")
        first = home.living()
        assert first is not None
        terminal.press(b"")
        os.kill(first.pid, signal.SIGKILL)
        terminal.until("engine stopped (exit code -9)")
        terminal.press(b"\r")
        second = eventually(lambda: (found := home.living()) and found.pid != first.pid and found)
        terminal.until("local ●  Workflows")
        terminal.press(b"\x11")
        assert terminal.ended() == 0
        eventually(lambda: not is_alive(second.pid))


def test_unfinished_runs_are_named_on_leaving(home: Home) -> None:
    sleep = {"name": "Long sleep", "steps": [{"id": "a", "ref": "core.sleep", "params": {"duration": "50s"}}]}
    file = home.write("sleep.json", sleep)
    assert home.flowdesk("apply", file).code == 0
    with opened(home) as terminal:
        terminal.until("Long sleep")
        assert home.flowdesk("run", file).code == 0
        terminal.press(b"\x11")
        assert terminal.ended() == 0
        assert "1rungoesonatthenextstart" in terminal.plain()


def test_without_a_terminal_it_says_what_to_do(home: Home) -> None:
    failed = home.flowdesk(TERM="xterm")
    assert (failed.code, failed.out) == (2, "")
    assert "needs a terminal" in failed.err
    assert "flowdesk up" in failed.err
    assert home.living() is None


def test_its_options_belong_to_it_alone(home: Home) -> None:
    failed = home.flowdesk("--read-only", "ls")
    assert failed.code == 2
    assert "--read-only is for the terminal UI" in failed.err
