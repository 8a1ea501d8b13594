"""Databases as people name them on the command line: an address, a file or a data directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from engine.errors import Unusable
from engine.store import Store

FILE_NAME: Final = "flowdesk.db"
_MONGO: Final = ("mongodb://", "mongodb+srv://")
_SUFFIXES: Final = (".db", ".sqlite", ".sqlite3")
_EXAMPLES: Final = "write sqlite:///srv/flowdesk/flowdesk.db, a data directory, or mongodb://host:27017/flowdesk"


@dataclass(slots=True, frozen=True)
class Place:
    """Where a database is: a `url` of MongoDB or the `path` of a SQLite file. `name` holds no password."""

    name: str
    url: str | None = None
    path: Path | None = None

    @property
    def missing(self) -> bool:
        """Whether there is certainly nothing; what a server holds is only known once it is asked."""
        return self.path is not None and not self.path.exists()

    def store(self) -> Store:
        """The store there, not open."""
        if self.path is not None:
            from engine.stores.sqlite.store import SqliteStore

            return SqliteStore(self.path)
        from engine.stores.mongo.store import MongoStore

        return MongoStore(self.url or "")


def place(text: str) -> Place:
    """The place this text names; Unusable with examples for anything else."""
    if text.startswith(_MONGO):
        return Place(_without_login(text), url=text)
    if text.startswith("sqlite:"):
        parts = urlsplit(text)
        if parts.netloc or not parts.path or parts.query or parts.fragment:
            raise Unusable(f"{text!r} is no address of a SQLite file", code="settings", hint=_EXAMPLES)
        return _file(Path(unquote(parts.path)))
    if "://" in text or not text:
        raise Unusable(f"FlowDesk keeps nothing at {_without_login(text)!r}", code="settings", hint=_EXAMPLES)
    path = Path(text).expanduser()
    is_file = path.is_file() or (path.suffix in _SUFFIXES and not path.is_dir())
    return _file(path if is_file else path / FILE_NAME)


def _file(path: Path) -> Place:
    return Place(str(path.absolute()), path=path.resolve())


def _without_login(url: str) -> str:
    """The address without user, password and options."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"
