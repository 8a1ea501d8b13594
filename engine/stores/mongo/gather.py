"""Many callers' work in one round trip, and to each caller its own answer.

There is no timer. When nothing is under way work begins at once; what arrives meanwhile is gathered for the next trip.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar


class Work(Protocol):
    """Something to do for somebody who waits for `answer`."""

    @property
    def answer(self) -> asyncio.Future[Any]: ...
    @property
    def weight(self) -> int: ...


WorkT = TypeVar("WorkT", bound=Work)


class Gatherer(Generic[WorkT]):
    """Hands gathered work to `act`, up to `most` pieces and `heaviest` bytes at once, in up to `lanes` trips at a time.

    `act` answers each piece; what it leaves unanswered gets the error it raised.
    """

    def __init__(
        self, act: Callable[[list[WorkT]], Awaitable[None]], *, most: int, heaviest: int = 1 << 23, lanes: int = 1
    ) -> None:
        self._act = act
        self._most = most
        self._heaviest = heaviest
        self._lanes = lanes
        self._waiting: deque[WorkT] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = 0
        self.trips = 0
        self.done = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, work: WorkT) -> None:
        """Take work; it begins as soon as there is a lane."""
        self._waiting.append(work)
        if self._busy < self._lanes:
            self._busy += 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Until nothing waits and nothing is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self) -> None:
        while self._waiting:
            batch = self._take()
            self.trips += 1
            self.done += len(batch)
            try:
                await self._act(batch)
            except Exception as error:
                for work in batch:
                    if not work.answer.done():
                        work.answer.set_exception(error)
        self._busy -= 1  # here, not when the task is done: work put in between would wait for nobody

    def _take(self) -> list[WorkT]:
        batch = [self._waiting.popleft()]
        weight = batch[0].weight
        while self._waiting and len(batch) < self._most and weight + self._waiting[0].weight <= self._heaviest:
            weight += self._waiting[0].weight
            batch.append(self._waiting.popleft())
        return batch


def promise() -> asyncio.Future[Any]:
    """A future whose error is nobody's concern once the caller has left."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    answer.add_done_callback(lambda done: done.cancelled() or done.exception())
    return answer
