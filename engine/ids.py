"""Identifiers: sortable by the time they were made, and not guessable.

A ULID-like text: 48 bits of Unix milliseconds, then random bits, in Crockford's base 32 (lower case, no i l o u).
Runs, jobs and users carry 80 random bits (26 characters); a workflow's id is also its webhook's address and
therefore a credential: 130 random bits (36 characters).
"""

from __future__ import annotations

import hashlib
import os
import time
from functools import lru_cache
from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(a + b for a in ALPHABET for b in ALPHABET)  # ten bits at a time


def _encode(number: int, pairs: int) -> str:
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range((pairs - 1) * 10, -1, -10)])


# Each random byte becomes one letter, five bits of it: 256 is a multiple of 32, so every letter is as likely.
_LETTERS: Final = bytes(ord(ALPHABET[byte & 31]) for byte in range(256))

# Asking the system gives up the interpreter lock, which a busy process may wait long to get back; so ask for many.
_CHUNK: Final = 26
_chunks: list[bytes] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_chunks.clear)  # a forked process must not give out its parent's ids


def _random_letters() -> str:
    """26 letters, 130 random bits from the operating system."""
    try:
        chunk = _chunks.pop()
    except IndexError:
        fresh = os.urandom(_CHUNK * 256)
        _chunks.extend(fresh[at : at + _CHUNK] for at in range(_CHUNK, len(fresh), _CHUNK))
        chunk = fresh[:_CHUNK]
    return chunk.translate(_LETTERS).decode()


@lru_cache(maxsize=8)  # runs come several in a millisecond when there are many
def _time_part(at_ms: int) -> str:
    return _encode(at_ms & ((1 << 50) - 1), 5)


def new_id(at_ms: int | None = None) -> str:
    """A fresh id of 26 characters for a run, job or user."""
    at = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    return _time_part(at) + _random_letters()[:16]


def new_workflow_id(at_ms: int | None = None) -> str:
    """A fresh id of 36 characters for a workflow; 130 random bits because it opens a webhook."""
    at = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    return _time_part(at) + _random_letters()


def derived_id(at_ms: int, *parts: str) -> str:
    """The one id that belongs to these parts and this time: the same call gives the same id on every machine."""
    digest = hashlib.sha256("\x1f".join((str(at_ms), *parts)).encode()).digest()
    return _time_part(at_ms) + _encode(int.from_bytes(digest[:10], "big"), 8)


def time_of(identifier: str) -> int:
    """The milliseconds since the epoch an id was made at."""
    number = 0
    for letter in identifier[:10]:
        number = number * 32 + ALPHABET.index(letter)
    return number


def idempotency_key(run_id: str, step_id: str, round_: int = 0) -> str:
    """The key of every execution of this step in this run (R5); a `finally` step has one for each end of the run."""
    return f"{run_id}-{step_id}-{round_ + 1}" if round_ else f"{run_id}-{step_id}"
