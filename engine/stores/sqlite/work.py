"""Things for the writer to do, and what became of them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.stores.sqlite.commits import Written

Action = Callable[[sqlite3.Connection], Any]


@dataclass(slots=True, eq=False)
class Work:
    """One caller's request; `answer` belongs to the event loop, `result` and `error` to the writer until then."""

    answer: asyncio.Future[Any]
    result: Any = field(default=None, init=False)
    error: BaseException | None = field(default=None, init=False)

    def settle(self) -> None:
        """Answer the caller, unless it has left. Called in the event loop."""
        if self.answer.done():
            return
        if self.error is None:
            self.answer.set_result(self.result)
        else:
            self.answer.set_exception(self.error)


@dataclass(slots=True, eq=False)
class CommitWork(Work):
    """A commit of a run; its result is the place in the feed."""

    commit: Written


@dataclass(slots=True, eq=False)
class ActionWork(Work):
    """A function of the connection, run inside a transaction.

    `single` says that it makes at most one writing statement, which undoes itself when it fails.
    """

    action: Action
    single: bool = False


@dataclass(slots=True, eq=False)
class MaintenanceWork(Work):
    """A function of the connection that must not be inside a transaction."""

    action: Action
