"""Signed addresses that answer one question of one run, for people without an account.

The token says which question and until when, and carries a signature under a key of its own, derived from the key that
signs tokens: neither can stand in for the other. It works once because a question is answered once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.links import PATH

DAY_S: Final = 86_400
DAYS: Final = 30
"""How long an address works, counted from the day a step makes it."""
MAX_CHARS: Final = 300
_PURPOSE: Final = b"flowdesk:answers:1"


@dataclass(slots=True, frozen=True)
class Link:
    """What a token that was made here says."""

    run_id: str
    step_id: str
    expired: bool


class AnswerLinks:
    """Makes addresses, and reads the tokens in them."""

    def __init__(self, key: bytes, base: Callable[[], str | None], *, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.new(key, _PURPOSE, hashlib.sha256).digest()
        self.base = base
        """What the addresses of this installation begin with, as far as it knows."""
        self._clock = clock

    def url(self, run_id: str, step_id: str) -> str | None:
        """The address of a step's question. It stays the same for a day, so that a step tried again sends the same."""
        base = self.base()
        if base is None:
            return None
        days = int(self._clock()) // DAY_S + DAYS + 1
        said = f"{run_id}.{step_id}.{days}"
        return f"{base}{PATH}{said}.{self._signature(said)}"

    def read(self, token: str) -> Link | None:
        """What the token says; None for one that was not made here."""
        if len(token) > MAX_CHARS or not token.isascii():
            return None
        said, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, self._signature(said)):
            return None
        run_id, step_id, days = said.split(".")
        return Link(run_id, step_id, expired=self._clock() >= int(days) * DAY_S)

    def _signature(self, said: str) -> str:
        digest = hmac.new(self._key, said.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
