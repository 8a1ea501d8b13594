"""Quotas of workspaces: how much each may have of what belongs to all. Counted from rows, never kept in counters."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from engine.errors import FlowDeskError, NotFound, Refused, TooLarge
from engine.models.policy import Quotas as QuotaDocument
from engine.store import ANYONE, Counted, Figures, Runs
from server.policies import Policies
from server.problems import TooManyRequests
from server.settings import Settings

BELIEVED_S: Final = 1.0
"""How long a count of what waits is believed, with what was let in since added to it."""
RECOUNT_S: Final = 0.05
"""How often a full queue is counted again: a flood must not become one of queries."""
TRIM_AFTER: Final = 200
"""After so many new runs of a workspace it is looked whether old ones have to go."""
TRIM_EVERY_S: Final = 60.0
TRIM_AT_ONCE: Final = 5000
MAX_REMEMBERED: Final = 10_000
CURE: Final = "an administrator can raise it: flowdesk quotas set"

T = TypeVar("T")

log = logging.getLogger("flowdesk.server")


class QuotaExceeded(Refused):
    """The workspace has as much of this as it may have."""

    code = "quota_exceeded"


class QueueFull(TooManyRequests):
    """As many runs of the workspace wait as may wait."""

    code = "quota_exceeded"


class PayloadTooLarge(TooLarge):
    """The body is larger than the workspace allows."""

    code = "quota_exceeded"


@dataclass(slots=True, frozen=True)
class Limits:
    """What holds for one workspace; 0 is no limit."""

    workflows: int
    runs: int
    queued: int
    payload_bytes: int


@dataclass(slots=True)
class _Queue:
    count: int = 0
    counted_at: float = -1e9
    let_in: int = 0


@dataclass(slots=True)
class _New:
    runs: int = 0
    looked_at: float = -1e9


class Quotas:
    """Holds workspaces to their quotas."""

    def __init__(
        self,
        settings: Settings,
        policies: Policies,
        figures: Figures,
        runs: Runs,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._defaults = defaults_of(settings)
        self._policies = policies
        self._figures = figures
        self._runs = runs
        self._monotonic = monotonic
        self._queues: dict[str, _Queue] = {}
        self._new: dict[str, _New] = {}
        self._trimming: dict[str, asyncio.Task[None]] = {}

    async def of(self, workspace_id: str) -> Limits:
        """The limits of a workspace: its own, else the server's."""
        return merged((await self._policies.of(workspace_id)).quotas, self._defaults)

    async def used(self, workspace_id: str) -> Mapping[Counted, int]:
        """What there is of everything that is counted."""
        kinds: tuple[Counted, ...] = ("workflows", "runs", "queued")
        counts = await asyncio.gather(*(self._figures.count(workspace_id, kind, most=10**9) for kind in kinds))
        return dict(zip(kinds, counts, strict=True))

    async def one_more_workflow(self, workspace_id: str) -> None:
        """QuotaExceeded unless there is room. Of several made at one moment, one too many may get in."""
        most = (await self.of(workspace_id)).workflows
        if most and await self._figures.count(workspace_id, "workflows", most=most) >= most:
            raise QuotaExceeded(f"the quota 'workflows' of this workspace is {most}, and it has as many", hint=CURE)

    async def one_more_run(self, workspace_id: str, workflow_id: str = "", key: str | None = None) -> None:
        """QueueFull while too many of its runs wait to begin.

        What repeats a request the workflow has accepted, under the same idempotency `key`, starts nothing and may pass.
        """
        try:
            await self._one_more_run(workspace_id)
        except QueueFull:
            if key is None or await self._runs.by_key(workflow_id, key) is None:
                raise

    async def room_for(self, workspace_id: str, run_id: str) -> bool:
        """Whether a schedule may start this run now; one that was started before may be found again."""
        try:
            await self._one_more_run(workspace_id)
        except QueueFull:
            return await self._is_there(run_id)
        return True

    async def room_for_more(self, workspace_id: str) -> None:
        """QueueFull while too many of its runs wait to begin; for what starts its runs later, when there is room."""
        await self._one_more_run(workspace_id, lets_in=0)

    async def _is_there(self, run_id: str) -> bool:
        try:
            await self._runs.get(run_id, owner=ANYONE)
        except NotFound:
            return False
        return True

    async def _one_more_run(self, workspace_id: str, *, lets_in: int = 1) -> None:
        most = (await self.of(workspace_id)).queued
        if not most:
            return
        queue = self._remembered(self._queues, workspace_id, _Queue)
        now = self._monotonic()
        full = queue.count + queue.let_in >= most
        if now - queue.counted_at >= (RECOUNT_S if full else BELIEVED_S):
            queue.counted_at, queue.let_in = now, 0
            queue.count = await self._figures.count(workspace_id, "queued", most=most)
            full = queue.count + queue.let_in >= most
        if full:
            raise QueueFull(
                f"the quota 'queued' of this workspace is {most}, and as many runs wait to begin",
                retry_after_s=1,
                hint=f"send it again when some have begun; {CURE}",
            )
        queue.let_in += lets_in

    def begun(self, workspace_id: str) -> None:
        """A run was accepted, by whatever way: now and then, see whether old ones have to go."""
        new = self._remembered(self._new, workspace_id, _New)
        new.runs += 1
        now = self._monotonic()
        if (new.runs < TRIM_AFTER and now - new.looked_at < TRIM_EVERY_S) or workspace_id in self._trimming:
            return
        new.runs, new.looked_at = 0, now
        task = asyncio.create_task(self._trim(workspace_id), name=f"trim/{workspace_id}")
        self._trimming[workspace_id] = task
        task.add_done_callback(lambda _: self._trimming.pop(workspace_id, None))

    async def _trim(self, workspace_id: str) -> None:
        try:
            most = (await self.of(workspace_id)).runs
            if most:
                found = await self._figures.count(workspace_id, "runs", most=most + TRIM_AT_ONCE)
                if found > most:
                    await self._runs.trim(workspace_id, limit=found - most)
        except FlowDeskError as error:
            log.warning("runs beyond a quota are removed later: %s", error)

    async def stop(self) -> None:
        """Leave the rest for another time."""
        tasks = list(self._trimming.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _remembered(self, known: dict[str, T], workspace_id: str, fresh: Callable[[], T]) -> T:
        found = known.get(workspace_id)
        if found is None:
            if len(known) >= MAX_REMEMBERED:
                known.clear()  # at worst something is counted once more
            found = known[workspace_id] = fresh()
        return found


def defaults_of(settings: Settings) -> Limits:
    """What the settings come to."""
    queued = settings.quota_queued
    if queued is None:
        queued = 0 if settings.only_local else 10_000
    return Limits(settings.quota_workflows, settings.quota_runs, queued, settings.quota_payload_bytes)


def merged(own: QuotaDocument, defaults: Limits) -> Limits:
    """A workspace's own quotas over the server's."""

    def chosen(mine: int | None, default: int) -> int:
        return default if mine is None else mine

    return Limits(
        chosen(own.workflows, defaults.workflows),
        chosen(own.runs, defaults.runs),
        chosen(own.queued, defaults.queued),
        chosen(own.payload_bytes, defaults.payload_bytes),
    )
