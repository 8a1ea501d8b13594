"""Servers this user has logged in to, by name, and which of them is meant when none is named.

Kept in `contexts.json` in the platform's config directory or in FLOWDESK_CONFIG_DIR, readable by its owner only. The
name `local` always means the server on this machine and is not in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from engine.errors import BadJson
from engine.jsonio import dump_text, parse_json
from flowdesk.errors import BadContext
from flowdesk.private import write_private

LOCAL: Final = "local"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


@dataclass(slots=True, frozen=True)
class Context:
    """One server and who we are there."""

    name: str
    url: str
    token: str | None = None
    email: str | None = None
    workspace: str | None = None
    """What is meant when no workspace is named; None for the personal one."""
    device: str | None = None
    """Tells the server at the next login that it is us again."""
    refresh: str | None = None
    """Exchanged for the next token, once; see flowdesk.renewal."""


@dataclass(slots=True, frozen=True)
class Contexts:
    """The file's content; `current` None means the local server."""

    known: Mapping[str, Context]
    current: str | None = None

    def get(self, name: str) -> Context:
        """The context of that name; BadContext when there is none."""
        found = self.known.get(name)
        if found is None:
            names = ", ".join([*sorted(self.known), LOCAL])
            raise BadContext(f"there is no context {name!r}", hint=f"known: {names}")
        return found

    def for_url(self, url: str) -> Context | None:
        """The context that belongs to exactly this server, so that its token goes nowhere else."""
        return next((c for c in self.known.values() if same_server(c.url, url)), None)

    def put(self, context: Context, *, use: bool) -> Contexts:
        """With this context added or replaced, and chosen when `use`."""
        check_name(context.name)
        return Contexts({**self.known, context.name: context}, context.name if use else self.current)

    def without(self, name: str) -> Contexts:
        """Without that context; choosing the local server when it was the chosen one."""
        self.get(name)
        rest = {key: value for key, value in self.known.items() if key != name}
        return Contexts(rest, None if self.current == name else self.current)

    def without_token(self, name: str) -> Contexts:
        """With that context kept but logged out."""
        return replace(self, known={**self.known, name: replace(self.get(name), token=None, refresh=None)})

    def with_workspace(self, name: str, workspace: str | None) -> Contexts:
        """With another workspace meant in that context."""
        return replace(self, known={**self.known, name: replace(self.get(name), workspace=workspace)})

    def choose(self, name: str) -> Contexts:
        """With that context, or the local server, as the one that is meant."""
        return replace(self, current=None if name == LOCAL else self.get(name).name)


def contexts_path(environ: Mapping[str, str]) -> Path:
    """Where the file is."""
    given = environ.get("FLOWDESK_CONFIG_DIR")
    if given:
        return Path(given).expanduser() / "contexts.json"
    import platformdirs

    return Path(platformdirs.user_config_dir("flowdesk", appauthor=False)) / "contexts.json"


def load(path: Path) -> Contexts:
    """What the file says; nothing when there is none, BadContext when it cannot be read."""
    hint = "repair it, or remove it and log in again"
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Contexts({})
    except OSError as error:
        raise BadContext(f"cannot read {path}: {error.strerror}") from None
    try:
        value = parse_json(raw)
        known = {name: _context(name, item) for name, item in value["contexts"].items()}
        current = value.get("current")
    except (BadJson, KeyError, TypeError, AttributeError):
        raise BadContext(f"{path} is not a contexts file", hint=hint) from None
    if current is not None and current not in known:
        raise BadContext(f"{path} has chosen {current!r}, which it does not hold", hint=hint)
    return Contexts(known, current)


def save(path: Path, contexts: Contexts) -> None:
    """Write the file with mode 0600; BadContext when that is not possible."""
    value = {
        "current": contexts.current,
        "contexts": {c.name: _document(c) for c in contexts.known.values()},
    }
    try:
        write_private(path, dump_text(value, pretty=True) + "\n")
    except OSError as error:
        raise BadContext(f"cannot write {path}: {error.strerror}") from None


def _document(context: Context) -> dict[str, str | None]:
    known = {"url": context.url, "token": context.token, "email": context.email}
    more = {"workspace": context.workspace, "device": context.device, "refresh": context.refresh}
    return known | {name: value for name, value in more.items() if value is not None}


def check_name(name: str) -> None:
    """Refuse a context name that is reserved or awkward on a command line."""
    if name == LOCAL:
        raise BadContext(f"{LOCAL!r} always means the server on this machine", hint="choose another name with --name")
    if not _NAME.match(name):
        raise BadContext(f"{name!r} is not a usable name", hint="letters, digits, dot, dash and underscore")


def checked_url(url: str) -> str:
    """The address in its plain form; BadContext for one that cannot be a server's."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise BadContext(f"{url!r} is not a server's address", hint="it looks like http://localhost:4000")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def same_server(one: str, other: str) -> bool:
    """Whether both addresses mean the same server."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def is_loopback(url: str) -> bool:
    """Whether the address stays on this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _context(name: str, item: Any) -> Context:
    url, rest = item["url"], [item.get(key) for key in ("token", "email", "workspace", "device", "refresh")]
    if not isinstance(url, str) or not all(isinstance(value, str | None) for value in rest):
        raise TypeError
    return Context(name, url, *rest)
