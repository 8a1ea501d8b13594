"""Everything in dictionaries, for tests: the same rules as the other stores, gone with the process.

Documents and events are kept as JSON text and rows as copies, so nothing is shared with callers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.errors import Conflict, NotFound, VersionConflict
from engine.models.run import JobRow, JobStatus, Role, User
from engine.models.workflow import Workflow
from engine.policy_rows import Policies
from engine.practice_rows import Practice
from engine.schedules.rows import carried
from engine.secret_rows import Secrets
from engine.store import (
    Figures,
    Health,
    Jobs,
    Owner,
    Page,
    Runs,
    ScheduleRow,
    Schedules,
    ScheduleState,
    Tallies,
    Upkeep,
    Users,
    VersionInfo,
    Workflows,
)
from engine.stores.memory_data import Data, copy, may, page
from engine.stores.memory_figures import MemoryFigures
from engine.stores.memory_policies import MemoryPolicies
from engine.stores.memory_practice import MemoryPractice
from engine.stores.memory_runs import MemoryRuns
from engine.stores.memory_secrets import MemorySecrets
from engine.stores.memory_tallies import MemoryTallies
from engine.stores.memory_tenancy import MemoryAudit, MemoryCredentials, MemoryWorkspaces
from engine.stores.memory_upkeep import MemoryUpkeep
from engine.tenancy import Audit, Credentials, Workspaces


class MemoryStore:
    """Implements engine.store.Store."""

    exclusive = True

    def __init__(self) -> None:
        data = Data()
        self.users: Users = MemoryUsers(data)
        self.workflows: Workflows = MemoryWorkflows(data)
        self.runs: Runs = MemoryRuns(data)
        self.jobs: Jobs = MemoryJobs(data)
        self.schedules: Schedules = MemorySchedules(data)
        self.secrets: Secrets = MemorySecrets(data)
        self.workspaces: Workspaces = MemoryWorkspaces(data)
        self.credentials: Credentials = MemoryCredentials(data)
        self.audit: Audit = MemoryAudit(data)
        self.practice: Practice = MemoryPractice(data)
        self.policies: Policies = MemoryPolicies(data)
        self.tallies: Tallies = MemoryTallies(data)
        self.figures: Figures = MemoryFigures(data)
        self.upkeep: Upkeep = MemoryUpkeep(data)

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do; what was stored stays as long as the object."""

    async def health(self) -> Health:
        """Always well."""
        return Health(True, "memory")


class MemoryUsers:
    """Implements engine.store.Users."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def create(self, user: User) -> None:
        """Add an account."""
        user = replace(user, email=user.email.lower())
        if user.id in self._data.users or any(known.email == user.email for known in self._data.users.values()):
            raise Conflict("this e-mail address has an account already", code="email_taken")
        self._data.users[user.id] = user

    async def by_email(self, email: str) -> User | None:
        """The account with this address."""
        return next((replace(user) for user in self._data.users.values() if user.email == email.lower()), None)

    async def by_id(self, user_id: str) -> User | None:
        """The account with this id."""
        user = self._data.users.get(user_id)
        return None if user is None else replace(user)

    async def update(
        self,
        user_id: str,
        *,
        role: Role | None = None,
        password_hash: str | None = None,
        token_version: int | None = None,
    ) -> None:
        """Change what is given."""
        user = self._data.users.get(user_id)
        if user is None:
            raise NotFound
        given = {"role": role, "password_hash": password_hash, "token_version": token_version}
        for name, value in given.items():
            if value is not None:
                setattr(user, name, value)

    async def page(self, *, limit: int, cursor: str | None = None) -> Page[User]:
        """Newest first."""
        found = page(self._data.users.values(), lambda user: (user.id,), limit, cursor, str)
        return Page([replace(user) for user in found.items], found.cursor)


class MemoryWorkflows:
    """Implements engine.store.Workflows."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def create(self, workflow: Workflow, schedules: Sequence[ScheduleRow], *, saved_by: str) -> None:
        """Add a workflow."""
        if workflow.id in self._data.versions:
            raise Conflict("a workflow with this id exists already", code="id_taken")
        self._put(workflow, schedules, saved_by)

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
        current = await self.get(workflow.id, owner=owner)
        if current.version != expected_version:
            raise VersionConflict(
                f"version {current.version} was saved in the meantime; this was made from version {expected_version}",
                hint="fetch the workflow again and repeat the change",
            )
        self._put(workflow, schedules, saved_by)

    def _put(self, workflow: Workflow, schedules: Sequence[ScheduleRow], saved_by: str) -> None:
        text = workflow.model_dump_json()
        info = VersionInfo(workflow.version, workflow.updated_at, saved_by, workflow.name, len(workflow.steps))
        self._data.workflows[workflow.id] = text
        self._data.versions.setdefault(workflow.id, []).append((info, text))
        self._data.schedules[workflow.id] = carried(self._data.schedules.get(workflow.id, ()), schedules)

    async def get(self, workflow_id: str, *, owner: Owner) -> Workflow:
        """The current version."""
        text = self._data.workflows.get(workflow_id)
        workflow = None if text is None else Workflow.model_validate_json(text)
        if workflow is None or not may(owner, workflow.owner_id):
            raise NotFound
        return workflow

    async def current_version(self, workflow_id: str) -> int | None:
        """The number of the newest version."""
        text = self._data.workflows.get(workflow_id)
        return None if text is None else Workflow.model_validate_json(text).version

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
        found = [
            workflow
            for workflow in map(Workflow.model_validate_json, self._data.workflows.values())
            if may(owner, workflow.owner_id)
            and (not text or text.casefold() in workflow.name.casefold())
            and (tag is None or tag in workflow.tags)
            and enabled in (None, workflow.enabled)
        ]
        return page(found, lambda workflow: (workflow.id,), limit, cursor, str)

    async def delete(self, workflow_id: str, *, owner: Owner) -> None:
        """Remove document and schedules."""
        await self.get(workflow_id, owner=owner)
        del self._data.workflows[workflow_id]
        del self._data.schedules[workflow_id]

    async def version(self, workflow_id: str, version: int, *, owner: Owner) -> Workflow:
        """One version."""
        if isinstance(owner, str):
            await self.get(workflow_id, owner=owner)
        for info, text in self._data.versions.get(workflow_id, ()):
            if info.version == version:
                return Workflow.model_validate_json(text)
        raise NotFound

    async def versions(
        self, workflow_id: str, *, owner: Owner, limit: int, cursor: str | None = None
    ) -> Page[VersionInfo]:
        """Newest first."""
        await self.get(workflow_id, owner=owner)
        infos = [info for info, _ in self._data.versions[workflow_id]]
        return page(infos, lambda info: (info.version,), limit, cursor, int)


class MemoryJobs:
    """Implements engine.store.Jobs."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def get(self, job_id: str, *, owner: Owner) -> JobRow:
        """One job."""
        job = self._data.jobs.get(job_id)
        if job is None or not may(owner, job.user_id):
            raise NotFound
        return copy(job)

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
        found = [
            copy(job)
            for job in self._data.jobs.values()
            if may(owner, job.user_id)
            and workflow_id in (None, job.workflow_id)
            and run_id in (None, job.run_id)
            and status in (None, job.status)
        ]
        return page(found, lambda job: (job.id,), limit, cursor, str)


class MemorySchedules:
    """Implements engine.store.Schedules."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def due(self, now: int, *, limit: int) -> list[ScheduleRow]:
        """Schedules whose time has come, the most overdue first."""
        rows = [row for rows in self._data.schedules.values() for row in rows if row.next_at <= now]
        return sorted(rows, key=lambda row: row.next_at)[:limit]

    async def advance(self, row: ScheduleRow, *, next_at: int, state: ScheduleState) -> bool:
        """Compare and set; a schedule that was edited meanwhile is another one."""
        rows = self._data.schedules.get(row.workflow_id, [])
        if row not in rows:
            return False
        rows[rows.index(row)] = replace(row, next_at=next_at, state=state, rev=row.rev + 1)
        return True

    async def all(self, *, owner: Owner, workflow_id: str | None = None) -> list[ScheduleRow]:
        """Schedules by workflow."""
        found = []
        for key in sorted(self._data.schedules):
            mine = may(owner, Workflow.model_validate_json(self._data.workflows[key]).owner_id)
            if mine and workflow_id in (None, key):
                found += sorted(self._data.schedules[key], key=lambda row: row.schedule_id)
        return found
