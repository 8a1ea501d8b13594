"""What the terminal UI remembers between sessions: a small JSON file in the platform's state directory.

An unreadable file is set aside and reported once, never a reason not to start. With --read-only nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.errors import BadJson
from engine.jsonio import dump_text, parse_json
from flowdesk.private import write_private

STATE_DIR: Final = "FLOWDESK_STATE_DIR"
_MOST_RECENT: Final = 20


def state_dir(environ: Mapping[str, str]) -> Path:
    """Where the terminal UI keeps what it remembers, its drafts and its log."""
    given = environ.get(STATE_DIR)
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_state_dir("flowdesk", appauthor=False))


class Memory:
    """Values by name. `trouble` says what was wrong with the file, or with writing it."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        self.trouble: str | None = None
        if path is not None:
            self._load(path)

    def get(self, name: str, default: Any = None) -> Any:
        """What is remembered under this name."""
        return self._values.get(name, default)

    def put(self, name: str, value: Any) -> None:
        """Remember a JSON value; written at the next `save`."""
        self._values[name] = value

    def recall(self, name: str) -> list[str]:
        """The recent inputs of this name, newest first."""
        found = self._values.get(f"recent.{name}")
        return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []

    def note(self, name: str, text: str) -> None:
        """Put an input at the front of the recent ones of this name."""
        if text:
            self._values[f"recent.{name}"] = [text, *(t for t in self.recall(name) if t != text)][:_MOST_RECENT]

    def save(self) -> None:
        """Write the file, atomically and readable by its owner only. `trouble` tells when that was not possible."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(self._path, dump_text(self._values, pretty=True) + "\n")
        except (OSError, BadJson) as error:
            self.trouble = f"cannot remember this session in {self._path}: {error}"

    def _load(self, path: Path) -> None:
        try:
            value = parse_json(path.read_bytes())
        except FileNotFoundError:
            return
        except OSError as error:
            self.trouble = f"cannot read {path}: {error.strerror}"
            return
        except BadJson:
            value = None
        if isinstance(value, dict):
            self._values = value
            return
        aside = path.with_suffix(".bad")
        try:
            path.replace(aside)
        except OSError:
            self.trouble = f"{path} is not readable and is not used"
        else:
            self.trouble = f"{path} was not readable; it is now {aside.name}, and a new one is begun"
