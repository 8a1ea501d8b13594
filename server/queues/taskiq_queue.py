"""Ringing for workers through taskiq: quick, never in the way, and silent for a moment after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from redis.asyncio import Redis
from taskiq.exceptions import SendTaskError
from taskiq.kicker import AsyncKicker

from server.queues.stream import TASK, DoorbellStream
from server.redis_client import Standing

RING_S: Final = 0.5
QUIET_S: Final = 1.0
CONNECTIONS: Final = 16


class TaskiqQueue:
    """Implements engine.doorbell.Doorbell."""

    def __init__(self, broker: DoorbellStream, *, clock: Callable[[], float] = monotonic) -> None:
        self._broker = broker
        self._clock = clock
        self._quiet_until = 0.0
        self._rung = 0
        self._missed = 0
        self._sending: set[asyncio.Task[BaseException | None]] = set()
        self._standing = Standing("workers cannot be told about runs")

    @property
    def degraded(self) -> bool:
        """Whether the last ring was not heard; workers then find runs by themselves, a second later."""
        return not self._standing.ok

    def stats(self) -> dict[str, Any]:
        """Figures for health pages."""
        return {"degraded": self.degraded, "rung": self._rung, "missed": self._missed, "error": self._standing.error}

    async def look(self) -> None:
        """Find out whether Redis answers, for health pages."""
        pool = self._broker.connection_pool

        async def ping() -> None:
            async with Redis(connection_pool=pool) as redis:
                await redis.ping()

        await self._standing.look(ping)

    async def ring(self, run_id: str, reason: str) -> bool:
        """Send the run's id; False when that cannot be done within half a second, or failed a moment ago."""
        if self._clock() < self._quiet_until:
            self._missed += 1
            return False
        # A task of its own: redis-py may lose a cancellation, and then we would wait longer.
        sending = asyncio.create_task(self._send(run_id, reason))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        await asyncio.wait([sending], timeout=RING_S)
        if not sending.done():
            sending.cancel()
            return self._failed(TimeoutError(f"Redis did not answer within {RING_S:g} s"))
        error = sending.result()
        if error is not None:
            return self._failed(error)
        self._rung += 1
        self._standing.worked()
        return True

    async def _send(self, run_id: str, reason: str) -> BaseException | None:
        """What went wrong, if anything."""
        kicker: AsyncKicker[[str, str], None] = AsyncKicker(TASK, self._broker, labels={})
        try:
            await kicker.kiq(run_id, reason)
        except SendTaskError as error:
            return error.__cause__ or error
        except Exception as error:
            return error
        return None

    def _failed(self, error: BaseException) -> bool:
        self._missed += 1
        self._quiet_until = self._clock() + QUIET_S
        self._standing.failed(error)
        return False

    async def close(self) -> None:
        """Let go of Redis."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._broker.shutdown()
