"""The key that signs tokens: given by the operator, or made once and kept in the data directory."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from engine.errors import Unusable

MIN_BYTES: Final = 32
MIN_DISTINCT: Final = 10
"""Fewer different characters than this is a pattern, not a key."""

_WELL_KNOWN: Final = ("secret", "changeme", "change-me", "change_me", "password", "default", "example", "supersecret")


def weakness(secret: str) -> str | None:
    """Why this text must not sign tokens, or None when it may."""
    size = len(secret.encode())
    if size < MIN_BYTES:
        return f"is only {size} bytes long, at least {MIN_BYTES} are needed"
    if len(set(secret)) < MIN_DISTINCT:
        return "repeats the same few characters"
    bare = secret.lower()
    for word in _WELL_KNOWN:
        bare = bare.replace(word, "")
    return "is made of well-known words" if len(set(bare)) < MIN_DISTINCT else None


def signing_key(secret: str | None, path: Path) -> bytes:
    """The operator's secret, or the key in this file, which is made when it is missing.

    Raises Unusable when the file cannot be read or written, or does not hold a key.
    """
    if secret is not None:
        return secret.encode()
    try:
        return _checked(path.read_bytes(), path)
    except FileNotFoundError:
        return _make(path)
    except OSError as error:
        raise _unreadable(path, error) from None


def _make(path: Path) -> bytes:
    key = secrets.token_bytes(MIN_BYTES)
    try:
        # Written aside and linked into place, so that a reader never sees half a key and two starts agree on one.
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(aside, path)
            except FileExistsError:
                return _checked(path.read_bytes(), path)
        finally:
            aside.unlink()
    except OSError as error:
        raise _unreadable(path, error) from None
    return key


def _checked(key: bytes, path: Path) -> bytes:
    if len(key) < MIN_BYTES:
        raise Unusable(
            f"{path} does not hold a signing key", hint="remove it; a new one is made and everybody logs in again"
        )
    return key


def _unreadable(path: Path, error: OSError) -> Unusable:
    return Unusable(f"cannot use {path}: {error.strerror}", hint="FLOWDESK_DATA_DIR chooses another directory")
