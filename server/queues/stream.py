"""taskiq's Redis stream, made fit for doorbells.

What taskiq-redis does otherwise, and why not here (docs/why/doorbells.md tells the whole story):

* its reading ends for good when Redis goes away or is flushed; ours waits and makes the group again;
* it leaves acknowledged messages in the stream; ours removes them, so the stream's length is what is waiting;
* it looks for messages of dead workers only when new ones arrive, and takes more than can be worked on;
* a message of a strange form ends it; ours is named in the log, acknowledged and forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from time import monotonic
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError
from taskiq import AckableMessage
from taskiq.serializers import JSONSerializer
from taskiq_redis import RedisStreamBroker

from server.redis_client import AWAY, Standing, options

TASK: Final = "flowdesk.drive"
"""The one task there is; its arguments are a run id and a reason."""
BLOCK_MS: Final = 1000
ANSWER_S: Final = 5.0
AGAIN_S: Final = 1.0
NO_ROOM_S: Final = 0.05
ABANDONED_MS: Final = 30_000
"""A message is handed to somebody else when it is not acknowledged for so long; a run that takes longer is held by its
worker then, and the second message changes nothing."""
FORGOTTEN_MS: Final = 86_400_000
MOST: Final = 100_000
"""Messages beyond this are dropped, oldest first; the store still has their runs."""

log = logging.getLogger("flowdesk.queue")


def _always() -> int:
    return 1 << 30


async def _nothing() -> None:
    return None


class DoorbellStream(RedisStreamBroker):
    """A broker whose messages may be lost, doubled or forged without harm.

    `room` says how many messages may be fetched now, `left` is awaited when taskiq stops listening.
    """

    def __init__(self, url: str, prefix: str, *, concurrency: int, connections: int) -> None:
        super().__init__(
            url,
            queue_name=f"{prefix}-runs",
            consumer_group_name=f"{prefix}-workers",
            consumer_id="0",
            xread_block=BLOCK_MS,
            xread_count=concurrency,
            idle_timeout=ABANDONED_MS,
            unacknowledged_batch_size=concurrency,
            unacknowledged_lock_timeout=10,
            maxlen=MOST,
            approximate=True,
            max_connection_pool_size=connections,
            timeout=ANSWER_S,
            **options(url, answer_s=ANSWER_S),
        )
        self.serializer = JSONSerializer()
        self.concurrency = concurrency
        self.room: Callable[[], int] = _always
        self.left: Callable[[], Awaitable[None]] = _nothing
        self.standing = Standing("messages for workers cannot be read")
        self._declared = False
        self._reclaimed_at = 0.0

    async def _declare_consumer_group(self) -> None:
        """Done by `listen`, each time it is needed: a worker starts without Redis, too."""

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Messages as they come, for as long as somebody asks for them."""
        fetching: asyncio.Task[list[AckableMessage]] | None = None
        try:
            while True:
                # A task of its own: should redis-py lose our cancellation, only one short read is under way.
                fetching = asyncio.create_task(self._fetch())
                await asyncio.wait([fetching])
                for message in fetching.result():
                    yield message
        finally:
            if fetching is not None:
                fetching.cancel()
            await self.left()

    async def _fetch(self) -> list[AckableMessage]:
        count = min(self.concurrency, self.room())
        if count <= 0:
            await asyncio.sleep(NO_ROOM_S)
            return []
        try:
            async with Redis(connection_pool=self.connection_pool) as redis:
                await self._prepare(redis)
                entries = await self._abandoned(redis, count) or await self._fresh(redis, count)
                messages = [found for entry in entries if (found := await self._message(redis, *entry)) is not None]
        except AWAY as error:
            self._declared = False
            self.standing.failed(error)
            await asyncio.sleep(AGAIN_S)
            return []
        self.standing.worked()
        return messages

    async def _prepare(self, redis: Redis) -> None:
        """Make the group unless it is there, and forget workers that have long gone."""
        if self._declared:
            return
        name, group = self.queue_name, self.consumer_group_name
        try:
            await redis.xgroup_create(name, group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        for consumer in await redis.xinfo_consumers(name, group):
            if consumer["idle"] > FORGOTTEN_MS and consumer["pending"] == 0:
                await redis.xgroup_delconsumer(name, group, consumer["name"])
        self._declared = True

    async def _fresh(self, redis: Redis, count: int) -> list[tuple[bytes, dict[bytes, bytes] | None]]:
        group, mine = self.consumer_group_name, self.consumer_name
        found: Any = await redis.xreadgroup(group, mine, {self.queue_name: ">"}, count=count, block=BLOCK_MS)
        return [entry for _, entries in found or () for entry in entries]

    async def _abandoned(self, redis: Redis, count: int) -> list[tuple[bytes, dict[bytes, bytes] | None]]:
        now = monotonic()
        if now - self._reclaimed_at < ABANDONED_MS / 2000:
            return []
        self._reclaimed_at = now
        group, mine = self.consumer_group_name, self.consumer_name
        found: Any = await redis.xautoclaim(self.queue_name, group, mine, ABANDONED_MS, count=count)
        return list(found[1])

    async def _message(self, redis: Redis, entry: bytes, fields: dict[bytes, bytes] | None) -> AckableMessage | None:
        data = (fields or {}).get(b"data")
        if data is None:
            log.warning("a message of a strange form is left out: %s", fields)
            await self._remove(redis, entry)
            return None
        return AckableMessage(data=data, ack=self._acknowledge(entry))

    def _acknowledge(self, entry: bytes) -> Callable[[], Awaitable[None]]:
        async def acknowledge() -> None:
            try:
                async with Redis(connection_pool=self.connection_pool) as redis:
                    await self._remove(redis, entry)
            except AWAY as error:
                self.standing.failed(error)  # it comes again, and changes nothing

        return acknowledge

    async def _remove(self, redis: Redis, entry: bytes) -> None:
        async with redis.pipeline(transaction=False) as pipe:
            pipe.xack(self.queue_name, self.consumer_group_name, entry)
            pipe.xdel(self.queue_name, entry)
            await pipe.execute()
