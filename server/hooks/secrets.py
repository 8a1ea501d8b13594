"""The secrets of webhooks as they are now, or were a moment ago: to look costs about as much as the rest of a call."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.errors import Invalid, Unavailable
from server.vault.keeper import Keeper

BELIEVED_S: Final = 5.0
"""How long a value is believed that another process may have changed; a change made here counts at once."""
MOST: Final = 1000

log = logging.getLogger("flowdesk.server")


@dataclass(slots=True, frozen=True)
class _Held:
    values: tuple[str, ...] = field(repr=False)
    changes: int
    until: float


class HookSecrets:
    """Finds values by name."""

    def __init__(self, keeper: Keeper, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._keeper = keeper
        self._monotonic = monotonic
        self._held: dict[tuple[str, tuple[str, ...]], _Held] = {}

    async def values(self, owner: str, names: tuple[str, ...]) -> Sequence[str]:
        """Those that can be had; Unavailable when there are none, since then nobody could be let in."""
        key = (owner, names)
        held = self._held.get(key)
        changes = self._keeper.changes
        if held is not None and held.changes == changes and held.until > self._monotonic():
            return held.values
        values = await self._look(owner, names)
        if len(self._held) >= MOST:
            self._held.clear()
        # What was changed while this was being looked up must not be hidden by it.
        self._held[key] = _Held(values, changes, self._monotonic() + BELIEVED_S)
        return values

    async def _look(self, owner: str, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            found = await self._keeper.resolve(owner, names)
            return tuple(found[name].value for name in names)
        except Invalid as error:
            if len(names) == 1:
                raise _not_ready(error) from None
        values: list[str] = []
        trouble: Invalid | None = None
        for name in names:  # one that was removed after it was replaced leaves the others good
            try:
                values.append((await self._keeper.resolve(owner, (name,)))[name].value)
            except Invalid as error:
                trouble = error
                log.warning("a webhook names a secret that cannot be used: %s", error)
        if not values:
            raise _not_ready(trouble)
        return tuple(values)


def _not_ready(why: Invalid | None) -> Unavailable:
    log.error("a webhook refuses all calls, since none of its secrets can be used: %s", why)
    return Unavailable(
        "the webhook cannot check credentials at the moment",
        code="webhook_not_ready",
        hint="its owner has to put back the secrets that its trigger names",
    )
