"""What runs have yet to hear: messages in their inboxes, and the mark that says there is something."""

from __future__ import annotations

from engine.models.run import Message
from engine.store import MAX_MESSAGES
from engine.stores.batch import inbox_full
from engine.stores.mongo.documents import message_doc, message_row
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import MESSAGES, RUNS


class Inboxes:
    """Messages of all runs."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def post(self, message: Message) -> None:
        """Keep a message, then poke its run: one that nobody was told of is found with the next."""
        where = {"runId": message.run_id}
        waiting = await self._link.call(lambda: self._link[MESSAGES].count_documents(where, limit=MAX_MESSAGES))
        if waiting >= MAX_MESSAGES:
            raise inbox_full(message.run_id)
        doc = message_doc(message)
        await self._link.update_one(MESSAGES, {"_id": doc["_id"]}, {"$setOnInsert": doc}, upsert=True)
        await self._link.update_one(RUNS, {"_id": message.run_id, "open": True}, {"$set": {"poked": True}})

    async def read(self, run_id: str) -> list[Message]:
        """Take back the poke, then read what waits."""
        await self._link.update_one(RUNS, {"_id": run_id, "poked": True}, {"$set": {"poked": False}})
        return await self.waiting(run_id)

    async def waiting(self, run_id: str) -> list[Message]:
        """What waits, oldest first."""
        docs = await self._link.many(MESSAGES, {"runId": run_id}, sort=[("at", 1), ("_id", 1)], hint="run")
        return [message_row(doc) for doc in docs]

    async def poked(self, owner: str) -> list[str]:
        """Ids of the runs this process executes that were poked."""
        where = {"holder": owner, "poked": True, "open": True}
        return [doc["_id"] for doc in await self._link.many(RUNS, where, {"_id": 1}, hint="poked")]
