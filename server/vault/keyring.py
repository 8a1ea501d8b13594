"""The keys that seal secrets: given by the operator, or kept in a file of the data directory; never in the database.

The first key seals, all of them open. A key's id is worked out from the key, so that the two cannot be mixed up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.errors import Unavailable, Unusable

KEY_BYTES: Final = 32
HOW_TO_MAKE: Final = "make one with: openssl rand -base64 32"
_HEAD: Final = (
    "# The keys that open FlowDesk's secrets; the first one seals new ones. Who has this file and the database\n"
    "# has the secrets; without it they are lost. Keep a copy apart from backups of the database.\n"
)


@dataclass(slots=True, frozen=True)
class Key:
    """One key and its name."""

    raw: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """What rows say they are sealed with."""
        return hashlib.sha256(b"flowdesk secrets key\0" + self.raw).hexdigest()[:16]


def parse_keys(text: str) -> list[Key]:
    """Keys in base64, separated by commas or on lines of their own; ValueError says what is wrong."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    words = [word for line in lines for word in line.replace(",", " ").split()]
    return [_key(word) for word in words]


def _key(word: str) -> Key:
    try:
        raw = base64.b64decode(word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is not base64; {HOW_TO_MAKE}") from None
    if len(raw) != KEY_BYTES:
        raise ValueError(f"holds a key of {len(raw)} bytes, and {KEY_BYTES} are needed; {HOW_TO_MAKE}")
    if len(set(raw)) < KEY_BYTES // 4:
        raise ValueError(f"holds a key that repeats the same few bytes; {HOW_TO_MAKE}")
    return Key(raw)


class Keyring:
    """All keys of this installation.

    With `given` they are the operator's. Otherwise they are in `path`, which is made when the first secret is sealed,
    if it `may_make` it: several servers must not each make one of their own.
    """

    def __init__(self, given: str | None, path: Path, *, may_make: bool) -> None:
        self.path = path
        self.may_make = may_make
        self.given = given is not None
        self._seen: tuple[int, int, int] | None = None
        self._keys = [] if given is None else parse_keys(given)

    def all(self) -> list[Key]:
        """The keys as they are now; Unusable when the file cannot be read."""
        if not self.given:
            self._read()
        return self._keys

    def find(self, key_id: str) -> Key | None:
        """The key of this name."""
        return next((key for key in self.all() if key.id == key_id), None)

    def sealing(self) -> Key:
        """The key that seals; made now when there is none yet. Unavailable when none may be made."""
        if keys := self.all():
            return keys[0]
        if not self.may_make:
            raise Unavailable(
                "secrets cannot be kept here: there is no key for them",
                code="secrets_off",
                hint=f"set FLOWDESK_SECRETS_KEY, the same for every server and worker; {HOW_TO_MAKE}",
            )
        self._write([Key(secrets.token_bytes(KEY_BYTES))], new=True)
        return self.all()[0]

    def add(self) -> Key:
        """Put a new key in front of those in the file."""
        self._write([Key(secrets.token_bytes(KEY_BYTES)), *self.all()])
        return self.all()[0]

    def drop_all_but_first(self) -> int:
        """Forget the keys that no longer seal; how many those were."""
        keys = self.all()
        if len(keys) > 1:
            self._write(keys[:1])
        return max(0, len(keys) - 1)

    def _read(self) -> None:
        try:
            stat = self.path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._keys, self._seen = parse_keys(self.path.read_text(encoding="utf-8")), seen
        except FileNotFoundError:
            self._keys, self._seen = [], None
        except OSError as error:
            raise Unusable(f"cannot read {self.path}: {error.strerror}", code="secrets_key") from None
        except ValueError as error:
            raise Unusable(
                f"{self.path} {error}", code="secrets_key", hint="put the file back as it was; it opens the secrets"
            ) from None

    def _write(self, keys: list[Key], *, new: bool = False) -> None:
        """Written aside and put in place whole; a `new` file never replaces one that another process just made."""
        text = _HEAD + "".join(f"{base64.b64encode(key.raw).decode()}\n" for key in keys)
        aside = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                if new:
                    _link(aside, self.path)
                else:
                    aside.replace(self.path)
                _flush(self.path.parent)
            finally:
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise Unusable(f"cannot write {self.path}: {error.strerror}", code="secrets_key") from None


def _link(aside: Path, path: Path) -> None:
    try:
        os.link(aside, path)
    except FileExistsError:
        return


def _flush(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
