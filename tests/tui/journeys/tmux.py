"""A terminal for the real `flowdesk` command: tmux draws it, real keys reach it, its text is looked at.

Each terminal has a tmux server of its own, on a socket of its own; the person's tmux is never touched.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.acceptance.command import FLOWDESK, Home

TMUX: Final = shutil.which("tmux")
WHY_NOT: Final = "tmux is not installed; it draws the terminals of these tests (docs/testing.md)"
WITHIN_S: Final = 60.0
"""Far more than anything takes; only a defect lasts so long."""
_LOOK_S: Final = 0.05
_CALL_S: Final = 30.0


class Terminal:
    """A window of a terminal in which one command runs, from a shell that outlives it."""

    def __init__(self, home: Home, directory: Path, size: tuple[int, int]) -> None:
        self.home = home
        self._directory = directory
        self._socket = directory / "tmux"
        self._size = size

    def start(self, *arguments: str, **environ: str) -> None:
        """Run `flowdesk` with these arguments, noting the settings of the terminal before and after."""
        names = ("code", "before", "after", "pid")
        code, before, after, pid = (shlex.quote(str(self._directory / name)) for name in names)
        script = self._directory / "run.sh"
        script.write_text(
            f"stty -a > {before}\n"
            f'sh -c \'echo $$ > {pid}; exec "$0" "$@"\' {shlex.join([FLOWDESK, *arguments])}\n'
            f"echo $? > {code}.part\n"
            f"stty -a > {after}\n"
            f"mv {code}.part {code}\n"
            "exec cat\n"
        )
        given = {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "TEXTUAL_ANIMATIONS": "none",
            "FLOWDESK_STATE_DIR": str(self.home.root / "state"),
        }
        clean = ["env", "-i", *(f"{k}={v}" for k, v in (self.home.environment(**given, **environ)).items())]
        width, height = self._size
        self._tmux(
            *("new-session", "-d", "-s", "t", "-x", str(width), "-y", str(height), "-c", str(self.home.work)),
            shlex.join([*clean, "/bin/sh", str(script)]),
        )
        self._tmux("set-option", "-g", "status", "off")
        self._tmux("set-option", "-s", "set-clipboard", "on")
        self.resize(width, height)

    def close(self) -> None:
        """End the terminal, and with it whatever still runs in it."""
        subprocess.run(self._command("kill-server"), capture_output=True, timeout=_CALL_S)

    @property
    def pid(self) -> int:
        """The process of the command itself, not of the shell around it."""
        return int((self._directory / "pid").read_text())

    @property
    def text(self) -> str:
        """What is on the screen, line by line."""
        return self._tmux("capture-pane", "-p", "-t", "t")

    def wait_for(self, *wanted: str, without: str = "") -> str:
        """The screen once all of this stands on it, and that does not."""

        def there() -> bool:
            seen = self.text
            return all(part in seen for part in wanted) and not (without and without in seen)

        self.wait_until(there, f"{wanted}{f' without {without!r}' if without else ''}")
        return self.text

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Return when the condition holds; fails with the screen as it is."""
        end = time.monotonic() + WITHIN_S
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited {WITHIN_S:.0f} s for {what}; on the screen:\n{self.text}\n{self._log()}")
            time.sleep(_LOOK_S)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: `Enter`, `Escape`, `C-q`, `r`."""
        for key in keys:
            self._tmux("send-keys", "-t", "t", key)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._tmux("send-keys", "-t", "t", "-l", text)

    def click(self, text: str) -> None:
        """Press and release the left button on the first letter of this text."""
        column, row = self.find(text)
        for end in ("M", "m"):
            self.type(f"\x1b[<0;{column + 1};{row + 1}{end}")

    def wheel(self, text: str, *, up: bool = True) -> None:
        """Turn the wheel by one notch over this text."""
        column, row = self.find(text)
        self.type(f"\x1b[<{64 if up else 65};{column + 1};{row + 1}M")

    def find(self, text: str) -> tuple[int, int]:
        """Column and row of this text, from 0."""
        for row, line in enumerate(self.text.splitlines()):
            if text in line:
                return line.index(text), row
        raise AssertionError(f"{text!r} is not on the screen:\n{self.text}")

    def resize(self, width: int, height: int) -> None:
        """Change the size of the window."""
        self._tmux("resize-window", "-t", "t", "-x", str(width), "-y", str(height))

    @property
    def clipboard(self) -> str:
        """What was copied, as the terminal was told it."""
        done = subprocess.run(self._command("show-buffer"), capture_output=True, timeout=_CALL_S)
        return done.stdout.decode()

    def ended(self) -> int:
        """The exit code, once the command has ended and left the terminal as it found it."""
        code = self._directory / "code"
        self.wait_until(code.exists, "the end of the command")
        assert (self._directory / "after").read_text() == (self._directory / "before").read_text()
        modes = self._tmux("display-message", "-p", "-t", "t", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}")
        assert modes.split() == ["0", "0", "1"], "the terminal is not as it was"
        return int(code.read_text())

    def quit(self) -> None:
        """Leave as people do; whatever was done before, that is a success."""
        self.press("C-q")
        assert self.ended() == 0

    def _command(self, *arguments: str) -> list[str]:
        assert TMUX is not None
        return [TMUX, "-u", "-S", str(self._socket), "-f", "/dev/null", *arguments]

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(self._command(*arguments), capture_output=True, timeout=_CALL_S)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def _log(self) -> str:
        path = self.home.root / "state" / "terminal-ui.log"
        return path.read_text()[-4000:] if path.exists() else "(no log)"


@contextmanager
def terminal(home: Home, size: tuple[int, int] = (120, 36)) -> Iterator[Terminal]:
    """A terminal that is gone afterwards. Its socket lies in a short path: systems allow about a hundred letters."""
    with tempfile.TemporaryDirectory(prefix="fd-", dir="/tmp") as directory:
        window = Terminal(home, Path(directory), size)
        try:
            yield window
        finally:
            window.close()


def plain(text: str) -> str:
    """The words of a screen without its frames, for comparing across sizes."""
    return re.sub(r"[^\w#:/.-]+", " ", text).strip()
