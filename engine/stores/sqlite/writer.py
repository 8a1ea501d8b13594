"""The one thread that writes: it takes everything that waits, makes it durable in one flush, and answers.

There is no timer. When nothing is under way work begins at once; what arrives during a flush is gathered for the next.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from engine.errors import Unavailable
from engine.store import Commit
from engine.stores.lender import Lender
from engine.stores.sqlite.commits import MOST_AT_ONCE, written
from engine.stores.sqlite.transactions import Transactions
from engine.stores.sqlite.work import Action, ActionWork, CommitWork, MaintenanceWork, Work

_CLOSED: Final = "the store is closed"

log = logging.getLogger("flowdesk.store")


class Writer:
    """Owns the writing connection and its thread. All methods are for the event loop."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.batches = 0
        self.done = 0
        self.last_ms = 0.0
        self.last_at = 0.0
        self.fault: str | None = None

    @property
    def alive(self) -> bool:
        """Whether work is taken."""
        return self._loop is not None

    async def start(self, connect: Callable[[], Transactions]) -> None:
        """Start the thread; raises what `connect`, which runs in it, raises."""
        self._loop = loop = asyncio.get_running_loop()
        self._queue = queue.SimpleQueue()
        opened: asyncio.Future[None] = loop.create_future()
        self._thread = threading.Thread(target=self._run, args=(connect, opened, loop), name="store", daemon=True)
        self._thread.start()
        try:
            await asyncio.shield(opened)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Finish what waits, answer it, end the thread. Twice is fine."""
        self._loop = None
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await asyncio.shield(asyncio.to_thread(thread.join))

    def commit(self, commit: Commit) -> asyncio.Future[str]:
        """Queue a commit; its answer is the place in the feed."""
        return self._put(CommitWork(self._promise(), written(commit)))

    def act(self, action: Action, *, single: bool = False) -> asyncio.Future[Any]:
        """Queue a function of the connection; see `ActionWork`."""
        return self._put(ActionWork(self._promise(), action, single))

    def maintain(self, action: Action) -> asyncio.Future[Any]:
        """Queue a function that must run outside transactions."""
        return self._put(MaintenanceWork(self._promise(), action))

    def _promise(self) -> asyncio.Future[Any]:
        if self._loop is None:
            raise Unavailable(_CLOSED)
        return self._loop.create_future()

    def _put(self, work: Work) -> asyncio.Future[Any]:
        self._lender.asked(work.answer.get_loop())
        self._queue.put(work)
        return work.answer

    def _settle(self, batch: Sequence[Work], took_ms: float, fault: str | None) -> None:
        """In the loop: count, and wake the callers."""
        self._lender.answered(len(batch))
        self.batches += 1
        self.done += len(batch)
        self.last_ms = took_ms
        if fault is None:
            self.last_at = time.monotonic()
        self.fault = fault
        for work in batch:
            work.settle()

    # -- in the thread ------------------------------------------------------------------------------------------

    def _run(
        self, connect: Callable[[], Transactions], opened: asyncio.Future[None], loop: asyncio.AbstractEventLoop
    ) -> None:
        try:
            transactions = connect()
        except BaseException as error:
            _tell(loop, _fail, opened, error)
            return
        _tell(loop, _succeed, opened)
        going_on = True
        while going_on:
            batch, going_on = self._gather()
            if batch:
                begun = time.perf_counter()
                _apply(transactions, batch)
                took_ms = (time.perf_counter() - begun) * 1000
                _tell(loop, self._settle, batch, took_ms, _fault(batch))
        transactions.close()

    def _gather(self) -> tuple[list[Work], bool]:
        """Wait for work and take all there is, up to a limit; False after the last."""
        batch: list[Work] = []
        while not batch or (len(batch) < MOST_AT_ONCE and not self._queue.empty()):
            work = self._queue.get()
            if work is None:
                return batch, False
            batch.append(work)
        return batch, True


def _apply(transactions: Transactions, batch: Sequence[Work]) -> None:
    """Whatever happens, every caller gets an answer and the thread goes on."""
    try:
        transactions.apply(batch)
    except Exception as error:
        log.exception("a transaction could not be ended in good order")
        for work in batch:
            work.error = Unavailable(f"the database cannot be written right now: {error}")


def _fault(batch: Sequence[Work]) -> str | None:
    """What is wrong with the storage, when that is why this batch failed."""
    error = batch[-1].error
    return str(error) if isinstance(error, Unavailable) else None


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *values: Any) -> None:
    try:
        loop.call_soon_threadsafe(callback, *values)
    except RuntimeError:
        log.info("the event loop ended before the store was closed")


def _succeed(opened: asyncio.Future[None]) -> None:
    if not opened.done():
        opened.set_result(None)


def _fail(opened: asyncio.Future[None], error: BaseException) -> None:
    if not opened.done():
        opened.set_exception(error)
