"""Workflows in MongoDB: one document holds the current version and its schedules, so a save is one write.

Versions are kept apart. The current one is written there after the save; should the process die in between, whoever
looks for it finds the current document instead, and the next save writes it before it replaces that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from engine.clock import now_ms
from engine.errors import Conflict, NotFound, VersionConflict
from engine.jsonio import dumps
from engine.models.workflow import Workflow
from engine.schedules.rows import carried
from engine.store import Owner, Page, ScheduleRow, VersionInfo
from engine.stores import cursor as cursors
from engine.stores.mongo import lists
from engine.stores.mongo.documents import schedule_doc, schedule_row
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import DELETED, VERSIONS, WORKFLOWS

_VERSION_FIELDS: Final = ("version", "savedAt", "savedBy", "name", "steps", "doc")
_INFO: Final = {"doc": 0}


class MongoWorkflows:
    """Implements engine.store.Workflows."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def create(self, workflow: Workflow, schedules: Sequence[ScheduleRow], *, saved_by: str) -> None:
        """Add a workflow. The id of a deleted one stays taken as long as runs refer to it."""
        doc = _document(workflow, schedules, saved_by)
        taken = Conflict("a workflow with this id exists already", code="id_taken")
        if await self._link.one(DELETED, {"_id": workflow.id}) is not None:
            raise taken
        try:
            await self._link.insert_one(WORKFLOWS, doc)
        except DuplicateKeyError:
            raise taken from None
        await self._keep(doc)

    async def save(
        self,
        workflow: Workflow,
        schedules: Sequence[ScheduleRow],
        *,
        expected_version: int,
        saved_by: str,
        owner: Owner,
    ) -> None:
        """Make a new version the current one."""
        mine = _mine(workflow.id, owner)
        current = await self._current(mine)
        while current["version"] == expected_version:
            await self._keep(current)
            before = [schedule_row(workflow.id, schedule) for schedule in current["schedules"]]
            doc = _document(workflow, carried(before, schedules), saved_by)
            change = {
                "$set": {name: value for name, value in doc.items() if name not in ("_id", "ownerId")},
                "$inc": {"scheduleRev": 1},
            }
            # A schedule that moved on since it was read must not be put back.
            seen = {"version": expected_version, "scheduleRev": current.get("scheduleRev")}
            if await self._link.update_one(WORKFLOWS, {**mine, **seen}, change):
                await self._keep(doc)
                return
            current = await self._current(mine)
        raise VersionConflict(
            f"version {current['version']} was saved in the meantime; this was made from version {expected_version}",
            hint="fetch the workflow again and repeat the change",
        )

    async def get(self, workflow_id: str, *, owner: Owner) -> Workflow:
        """The current version."""
        return _workflow(await self._current(_mine(workflow_id, owner)))

    async def current_version(self, workflow_id: str) -> int | None:
        """The number of the newest version."""
        doc = await self._link.known(WORKFLOWS, {"_id": workflow_id}, {"version": 1})
        return None if doc is None else int(doc["version"])

    async def page(
        self,
        *,
        owner: Owner,
        limit: int,
        cursor: str | None = None,
        text: str | None = None,
        tag: str | None = None,
        enabled: bool | None = None,
    ) -> Page[Workflow]:
        """Newest first."""
        where = lists.equal(ownerId=lists.whose(owner), tags=tag, enabled=enabled)
        if cursor is not None:
            where["_id"] = {"$lt": cursors.decode(cursor, str)[0]}
        if text:
            # No regular expression: the text is looked for as it is.
            place = {"$indexOfBytes": ["$nameFolded", {"$literal": text.casefold()}]}
            where["$expr"] = {"$gte": [place, 0]}
        index = "owner" if isinstance(owner, str) else "_id_"
        docs = await self._link.many(WORKFLOWS, where, sort=[("_id", -1)], limit=limit + 1, hint=index)
        shown = [_workflow(doc) for doc in docs[:limit]]
        return Page(shown, cursors.encode(shown[-1].id) if shown and len(docs) > limit else None)

    async def delete(self, workflow_id: str, *, owner: Owner) -> None:
        """Remove the document and, with it, its schedules."""
        mine = _mine(workflow_id, owner)
        await self._keep(await self._current(mine))
        await self._link.update_one(DELETED, {"_id": workflow_id}, {"$set": {"at": now_ms()}}, upsert=True)
        if not await self._link.delete(WORKFLOWS, mine):
            raise NotFound

    async def version(self, workflow_id: str, version: int, *, owner: Owner) -> Workflow:
        """One version."""
        current = await self._link.known(WORKFLOWS, _mine(workflow_id, owner))
        if current is not None and current["version"] == version:
            return _workflow(current)
        doc = None
        if current is not None or not isinstance(owner, str):
            doc = await self._link.known(VERSIONS, {"workflowId": workflow_id, "version": version})
        if doc is None:
            raise NotFound
        return _workflow(doc)

    async def versions(
        self, workflow_id: str, *, owner: Owner, limit: int, cursor: str | None = None
    ) -> Page[VersionInfo]:
        """Newest first."""
        where: Doc = {"workflowId": workflow_id}
        if cursor is not None:
            where["version"] = {"$lt": cursors.decode(cursor, int)[0]}
        await self._keep(await self._current(_mine(workflow_id, owner)))
        docs = await self._link.many(VERSIONS, where, _INFO, sort=[("version", -1)], limit=limit + 1, hint="version")
        found = [_info(doc) for doc in docs[:limit]]
        return Page(found, cursors.encode(found[-1].version) if found and len(docs) > limit else None)

    async def _current(self, mine: Doc) -> Doc:
        doc = await self._link.known(WORKFLOWS, mine)
        if doc is None:
            raise NotFound
        return doc

    async def _keep(self, doc: Doc) -> None:
        """See to it that the version this document holds is among the versions."""
        version = {"workflowId": doc["_id"], **{name: doc[name] for name in _VERSION_FIELDS}}
        try:
            await self._link.insert_one(VERSIONS, version)
        except DuplicateKeyError:
            return


def _mine(workflow_id: str, owner: Owner) -> Doc:
    return lists.equal(_id=workflow_id, ownerId=lists.whose(owner))


def _document(workflow: Workflow, schedules: Sequence[ScheduleRow], saved_by: str) -> Doc:
    return {
        "_id": workflow.id,
        "ownerId": workflow.owner_id,
        "version": workflow.version,
        "enabled": workflow.enabled,
        "name": workflow.name,
        "nameFolded": workflow.name.casefold(),
        "tags": list(workflow.tags),
        "steps": len(workflow.steps),
        "savedAt": workflow.updated_at,
        "savedBy": saved_by,
        "schedules": [schedule_doc(row) for row in schedules],
        "doc": dumps(workflow.model_dump(mode="json")).decode(),
    }


def _workflow(doc: Doc) -> Workflow:
    text: Any = doc["doc"]
    return Workflow.model_validate_json(text)


def _info(doc: Doc) -> VersionInfo:
    return VersionInfo(doc["version"], doc["savedAt"], doc["savedBy"], doc["name"], doc["steps"])
