"""Jobs in MongoDB; they are written by commits of runs."""

from __future__ import annotations

from engine.errors import NotFound
from engine.models.run import JobRow, JobStatus
from engine.store import Owner, Page
from engine.stores import cursor as cursors
from engine.stores.mongo import lists
from engine.stores.mongo.documents import job_row
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import JOBS


class MongoJobs:
    """Implements engine.store.Jobs."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def get(self, job_id: str, *, owner: Owner) -> JobRow:
        """One job."""
        doc = await self._link.one(JOBS, lists.equal(_id=job_id, userId=lists.whose(owner)))
        if doc is None:
            raise NotFound
        return job_row(doc)

    async def page(
        self,
        *,
        owner: Owner,
        limit: int,
        cursor: str | None = None,
        workflow_id: str | None = None,
        run_id: str | None = None,
        status: JobStatus | None = None,
    ) -> Page[JobRow]:
        """Newest first."""
        where, index = lists.jobs(owner, workflow_id, run_id, status, cursor)
        docs = await self._link.many(JOBS, where, sort=[("_id", -1)], limit=limit + 1, hint=index)
        jobs = [job_row(doc) for doc in docs[:limit]]
        return Page(jobs, cursors.encode(jobs[-1].id) if len(docs) > limit and jobs else None)
