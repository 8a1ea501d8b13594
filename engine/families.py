"""Opens what step families need while the engine runs (a connection pool, a client), and closes it again."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from engine.registry import Registry
from engine.sdk import Host

log = logging.getLogger("flowdesk.engine")


class Families:
    """The lifespans of all families of a registry."""

    def __init__(self, registry: Registry, host: Host) -> None:
        self._registry = registry
        self._host = host
        self._stack = AsyncExitStack()
        self._states: dict[str, Any] = {}

    async def open(self) -> None:
        """Enter every lifespan; one that fails is reported with its plugin and leaves the others alone."""
        for family in self._registry.families:
            if family.lifespan is None:
                continue
            try:
                state = await self._stack.enter_async_context(family.lifespan(self._host))
            except Exception as error:
                log.error("the plugin %s could not start: %s: %s", family.family, type(error).__name__, error)
                refs = {definition.ref for definition in family.definitions}
                text = f"could not start: {type(error).__name__}: {error}"
                self._registry.plugins = [
                    replace(plugin, error=text) if refs & set(plugin.refs) else plugin
                    for plugin in self._registry.plugins
                ]
                continue
            for definition in family.definitions:
                self._states[definition.ref] = state

    async def close(self) -> None:
        """Leave every lifespan, the last one first."""
        await self._stack.aclose()
        self._states.clear()

    def state(self, ref: str) -> Any:
        """What the lifespan of that step's family yielded, or None."""
        return self._states.get(ref)
