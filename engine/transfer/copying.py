"""Moving everything from one store to another, and proving that it arrived.

The destination keeps marks while it is being filled: from which source, how far, and that it is not whole yet. A copy
that was interrupted goes on there; a server does not start on it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from engine.clock import Clock, now_ms
from engine.errors import Conflict, NotFound, Unavailable
from engine.models.run import RunRow
from engine.store import ANYONE, RunFilter, Store
from engine.transfer import source, target
from engine.transfer.digest import KINDS, Digest, Told, digest
from engine.transfer.marks import DONE, PLACE, RUNS, SOURCE

PATIENCE_S: Final = 60.0
"""How long a destination that is away for a moment is waited for."""
_TOGETHER: Final = 16

T = TypeVar("T")

log = logging.getLogger("flowdesk.store")


@dataclass(slots=True, frozen=True)
class Compared:
    """One kind on both sides."""

    kind: str
    there: int
    here: int
    equal: bool
    hash: str


class Copy:
    """One copy of `origin` into `destination`. `name` tells sources apart: the same one gives the same name."""

    def __init__(self, origin: Store, destination: Store, *, name: str, told: Told, clock: Clock = now_ms) -> None:
        self._origin = origin
        self._destination = destination
        self._name = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
        self._told = told
        self._clock = clock
        self.resumed = False

    async def run(self) -> list[Compared]:
        """Refuse, or move everything and compare; the destination may be used when all kinds are equal."""
        await self._refuse_living(self._origin, "the source")
        skip = await self._begin()
        await self._documents()
        await self._runs(skip)
        compared = await self.compare()
        if all(row.equal for row in compared):
            await self._destination.upkeep.set_mark(DONE, self._clock())
        return compared

    async def compare(self) -> list[Compared]:
        """Read both stores to the end."""
        left, right = await asyncio.gather(
            digest(self._origin, lambda kind, count: self._told(f"comparing {kind}", count)),
            digest(self._destination, lambda kind, count: None),
        )
        return [_compared(kind, left, right) for kind in KINDS]

    async def _begin(self) -> int:
        """Put the first marks down, or find those of an earlier attempt; how many runs need not be looked at again."""
        marks = self._destination.upkeep
        known = await marks.mark(SOURCE)
        place = int((await self._origin.runs.feed(None, limit=1))[0].cursor)
        if known is None:
            if await _holds_anything(self._destination):
                raise Conflict(
                    "the destination is not empty",
                    code="not_empty",
                    hint="a copy only goes into an empty database; name another one",
                )
            await marks.set_mark(SOURCE, self._name)
        elif await marks.mark(DONE) is not None:
            raise Conflict(
                "the destination is a finished copy and not empty",
                code="not_empty",
                hint="use it, or name another destination",
            )
        elif known != self._name:
            raise Conflict(
                "the destination is an unfinished copy of another source",
                code="other_copy",
                hint="name the same source as before, or an empty destination",
            )
        else:
            self.resumed = True
        if await marks.mark(PLACE) == place:
            return await marks.mark(RUNS) or 0
        # The first attempt, or the source has worked meanwhile, and what it did may stand anywhere in its list of runs.
        await marks.set_mark(RUNS, 0)
        await marks.set_mark(PLACE, place)
        return 0

    async def _refuse_living(self, store: Store, which: str) -> None:
        now = self._clock()
        living = [process.owner for process in await store.upkeep.processes() if process.until > now]
        if living and not store.exclusive:
            raise Conflict(
                f"{which} is in use by {', '.join(living[:3])}",
                code="store_in_use",
                hint="stop all its servers and workers first; one that was killed counts as living for some seconds",
            )

    async def _documents(self) -> None:
        count = 0
        async for user in source.users(self._origin):
            await self._patiently(partial(target.put_user, self._destination, user))
            count += 1
        self._told("users", count)
        count = 0
        async for secret in source.secrets(self._origin):
            await self._patiently(partial(target.put_secret, self._destination, secret))
            count += 1
        self._told("secrets", count)
        await self._tenancy()
        async for kept in source.practice(self._origin):
            await self._patiently(partial(self._destination.practice.put, kept))
        count = 0
        async for lineage in source.lineages(self._origin):
            await self._patiently(partial(target.put_lineage, self._destination, lineage))
            count += 1
            self._told("workflows", count)

    async def _tenancy(self) -> None:
        async for workspace in source.workspaces(self._origin):
            await self._patiently(partial(target.put_workspace, self._destination, workspace))
        async for policy in source.policies(self._origin):
            await self._patiently(partial(target.put_policy, self._destination, policy))
        async for credential in source.credentials(self._origin):
            await self._patiently(partial(target.put_credential, self._destination, credential))
        arrived = {entry.id async for entry in source.audit(self._destination)}
        count = 0
        async for entry in source.audit(self._origin):
            if entry.id not in arrived:
                await self._patiently(partial(self._destination.audit.append, entry))
            count += 1
        self._told("audit", count)

    async def _runs(self, done: int) -> None:
        known: set[str] = set()
        async for page in source.runs(self._origin, skip=done):
            for workflow_id in {row.workflow_id for row in page} - known:
                await self._outlived(workflow_id)
                known.add(workflow_id)
            for first in range(0, len(page), _TOGETHER):
                await self._some(page[first : first + _TOGETHER])
            done += len(page)
            await self._patiently(partial(self._destination.upkeep.set_mark, RUNS, done))
            self._told("runs", done)

    async def _some(self, rows: list[RunRow]) -> None:
        works = [self._patiently(partial(target.put_run, self._destination, self._origin, row)) for row in rows]
        for answer in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    async def _outlived(self, workflow_id: str) -> None:
        """Runs may outlive their workflow; what is left of it must be there before them."""
        try:
            await self._origin.workflows.get(workflow_id, owner=ANYONE)
        except NotFound:
            lineage = await source.deleted_lineage(self._origin, workflow_id)
            await self._patiently(partial(target.put_lineage, self._destination, lineage))

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Do it again for a while when a store is away or busy; everything here may be done twice."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_S
        delay = 0.1
        while True:
            try:
                return await attempt()
            except Unavailable as error:
                if loop.time() + delay > until:
                    raise
                log.warning("waiting: %s", error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)


async def _holds_anything(store: Store) -> bool:
    users = (await store.users.page(limit=1)).items
    workflows = (await store.workflows.page(owner=ANYONE, limit=1)).items
    runs = (await store.runs.page(RunFilter(ANYONE), limit=1)).items
    first = (store.secrets, store.workspaces, store.credentials, store.practice, store.policies)
    kept = [await port.everything(limit=1) for port in first]
    entries = (await store.audit.page(owner=ANYONE, limit=1)).items
    return bool(users or workflows or runs or entries or any(kept))


def _compared(kind: str, left: Digest, right: Digest) -> Compared:
    there, here = left[kind], right[kind]
    return Compared(kind, there.count, here.count, there == here, here.hash)
