"""What is given out once and kept only as a hash: API keys, refresh tokens, invitations.

Each is 256 random bits behind a prefix by which people, and scanners of source code, know it. A hash of that much
randomness cannot be turned back, so SHA-256 is right where passwords need bcrypt.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

KEY: Final = "fdk_"
SESSION: Final = "fdr_"
INVITATION: Final = "fdi_"
MAX_CHARS: Final = 200
SHOWN: Final = 12
"""Characters of a key that lists show, prefix included."""
REMEMBER_S: Final = 5.0
"""How long what the store said is believed; changes made in this process are seen at once."""
MAX_REMEMBERED: Final = 10_000


def fresh(prefix: str) -> str:
    """Something nobody can guess."""
    return prefix + secrets.token_urlsafe(32)


def digest_of(text: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


class Remembered(Generic[T]):
    """Answers of the store, believed for a moment: requests of one caller come many at a time."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._held: dict[str, tuple[T, float]] = {}

    def get(self, key: str) -> T | None:
        """What is still believed; None when the store has to be asked."""
        found = self._held.get(key)
        return found[0] if found is not None and found[1] > self._monotonic() else None

    def stale(self, key: str) -> T | None:
        """What was believed last, however long ago."""
        found = self._held.get(key)
        return None if found is None else found[0]

    def put(self, key: str, value: T) -> T:
        """Believe this for a moment."""
        if len(self._held) >= MAX_REMEMBERED:
            self._held.clear()
        self._held[key] = (value, self._monotonic() + REMEMBER_S)
        return value

    def forget(self, key: str) -> None:
        """Ask again next time."""
        self._held.pop(key, None)

    def forget_all(self) -> None:
        """Ask again for everything."""
        self._held.clear()
