"""What is kept for trying workflows out, in MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from engine.errors import Conflict, NotFound
from engine.jsonio import dump_text
from engine.practice_rows import MOST, Kind, PracticeRow, too_many
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import PRACTICE

_ORDER: Final = [("workflowId", 1), ("kind", 1), ("name", 1)]


class MongoPractice:
    """Implements engine.practice_rows.Practice."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def put(self, row: PracticeRow) -> None:
        """Keep a value. Of several that put the last one there may be, one too many may get in: it does no harm."""
        others = {"workflowId": row.workflow_id, "kind": row.kind, "name": {"$ne": row.name}}
        if await self._link.call(lambda: self._link[PRACTICE].count_documents(others, limit=MOST)) >= MOST:
            raise Conflict(too_many(row.kind), code="too_many_kept", hint="delete one first")
        fields = {"at": row.at, "value": dump_text(row.value)}
        await self._link.update_one(PRACTICE, _one(row.workflow_id, row.kind, row.name), {"$set": fields}, upsert=True)

    async def get(self, workflow_id: str, kind: Kind, name: str) -> PracticeRow:
        """One value."""
        doc = await self._link.known(PRACTICE, _one(workflow_id, kind, name))
        if doc is None:
            raise NotFound
        return _row(doc)

    async def all(self, workflow_id: str, kind: Kind) -> list[PracticeRow]:
        """All of a kind."""
        docs = await self._link.many(PRACTICE, {"workflowId": workflow_id, "kind": kind}, sort=_ORDER)
        return [_row(doc) for doc in docs]

    async def delete(self, workflow_id: str, kind: Kind, name: str) -> None:
        """Forget a value."""
        if not await self._link.delete(PRACTICE, _one(workflow_id, kind, name)):
            raise NotFound

    async def delete_all(self, workflow_id: str) -> None:
        """Forget everything of a workflow."""
        await self._link.delete(PRACTICE, {"workflowId": workflow_id})

    async def everything(self, *, limit: int, after: tuple[str, str, str] | None = None) -> list[PracticeRow]:
        """Values of all workflows."""
        workflow_id, kind, name = after or ("", "", "")
        behind: Doc = {
            "$or": [
                {"workflowId": {"$gt": workflow_id}},
                {"workflowId": workflow_id, "kind": {"$gt": kind}},
                {"workflowId": workflow_id, "kind": kind, "name": {"$gt": name}},
            ]
        }
        return [_row(doc) for doc in await self._link.many(PRACTICE, behind, sort=_ORDER, limit=limit)]


def _one(workflow_id: str, kind: str, name: str) -> Doc:
    return {"workflowId": workflow_id, "kind": kind, "name": name}


def _row(doc: Mapping[str, Any]) -> PracticeRow:
    return PracticeRow(doc["workflowId"], doc["kind"], doc["name"], doc["at"], orjson.loads(doc["value"]))
