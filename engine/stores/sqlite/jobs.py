"""Jobs in SQLite; they are written by commits of runs."""

from __future__ import annotations

from typing import Final

from engine.errors import NotFound
from engine.models.run import JobRow, JobStatus
from engine.store import ANYONE, Owner, Page
from engine.stores import cursor as cursors
from engine.stores.sqlite.merged import Merged
from engine.stores.sqlite.readers import Readers
from engine.stores.sqlite.rows import JOB_COLUMNS, job_row

_BY_ID: Final = f"SELECT {', '.join(JOB_COLUMNS)} FROM jobs WHERE id = :id AND (:owner IS NULL OR user_id = :owner)"


class SqliteJobs:
    """Implements engine.store.Jobs."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def get(self, job_id: str, *, owner: Owner) -> JobRow:
        """One job."""
        whose = owner if isinstance(owner, str) else None
        values = await self._readers.one(_BY_ID, {"id": job_id, "owner": whose})
        if values is None:
            raise NotFound
        return job_row(values)

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
        statuses = [status.value] if status is not None else [each.value for each in JobStatus]
        merged = Merged("jobs", "id", JOB_COLUMNS, ("id",), statuses)
        merged.equal("user_id", owner if isinstance(owner, str) else None)
        merged.equal("workflow_id", workflow_id)
        merged.equal("run_id", run_id)
        if cursor is not None:
            merged.after(cursors.decode(cursor, str))
        kind = "run" if run_id else "workflow" if workflow_id else "status" if owner is ANYONE else "user"
        rows = await self._readers.rows(merged.query(f"jobs_{kind}", limit), merged.values)
        jobs = [job_row(values) for _, *values in rows[:limit]]
        more = len(rows) > limit and bool(jobs)
        return Page(jobs, cursors.encode(jobs[-1].id) if more else None)
