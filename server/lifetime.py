"""When the parts of a server are opened and closed: with its application, in this order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from aiohttp import web

from server.arrival import Arrival, Step
from server.compose import Parts
from server.fleet import report


class Lifetime:
    """Opens and closes the parts with the application.

    Work ends before the connections do, so that whoever waits for a run still gets an answer.
    """

    def __init__(self, parts: Parts, introduce: Step, *, patient: bool) -> None:
        self._parts = parts
        self._working = AsyncExitStack()
        self._opened = AsyncExitStack()
        self.arrival = Arrival(self._open, self._work, self._report, self._schedule, introduce, patient=patient)

    async def __call__(self, app: web.Application) -> AsyncIterator[None]:
        """Around the life of the application."""
        parts = self._parts
        async with AsyncExitStack() as resources:
            resources.callback(parts.passwords.close)
            resources.push_async_callback(parts.limiter.buckets.close)
            resources.push_async_callback(parts.telemetry.close)
            if parts.settings.redis_url is not None:
                from server.redis_client import check

                await check(parts.settings.redis_url)
            resources.push_async_callback(self._opened.aclose)
            if parts.queue is not None:
                resources.push_async_callback(parts.queue.close)
            parts.bus.start()
            resources.push_async_callback(parts.bus.stop)
            resources.push_async_callback(self.drain, app)
            self._working.callback(parts.bus.close)
            self._working.push_async_callback(parts.quotas.stop)
            await self.arrival.start()
            yield

    async def _open(self) -> None:
        await self._parts.store.open()
        self._opened.push_async_callback(self._parts.store.close)

    async def _work(self) -> None:
        await self._parts.engine.start()
        self._working.push_async_callback(self._parts.engine.stop, self._parts.settings.grace_s)

    async def _report(self) -> None:
        await report(self._parts.engine, self._parts.store)

    async def _schedule(self) -> None:
        if self._parts.scheduler is not None:
            await self._parts.scheduler.start()
            self._working.push_async_callback(self._parts.scheduler.stop)

    async def drain(self, app: web.Application) -> None:
        """Start nothing more, let running steps end, and tell listeners that there is nothing more to hear."""
        await self.arrival.stop()
        await self._working.aclose()
