"""The ports to storage: small protocols, and the `Store` that joins them.

Those of secrets are in engine/secret_rows.py, those of tenants in engine/tenancy.py.

Rules every implementation keeps, checked by the one conformance suite in tests/contract:

* a call that returns has made its change durable; a call that raises has changed nothing;
* ownership is part of the query: `owner` is a workspace's id (a personal one's is its user's), or `ANYONE` for the
  engine itself and for admins; somebody else's id and an unknown one both raise NotFound;
* ids, keys and values from outside are only ever values, never parts of a query;
* lists are newest first, at most `limit` long, and go on after an opaque cursor;
* what cannot be done now raises Unavailable (StoreBusy, StoreFull), and works again when the cause has gone.

Times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from engine.models.event import Event
from engine.models.figures import RunFigures, WorkflowFigures
from engine.models.run import JobRow, JobStatus, Message, Role, RunRow, User
from engine.models.workflow import Workflow
from engine.policy_rows import Policies
from engine.practice_rows import Practice
from engine.rows import (
    ANYONE,
    MAX_MESSAGES,
    Anyone,
    Blob,
    Commit,
    FeedItem,
    Health,
    Held,
    Owner,
    Page,
    ProcessRow,
    Pruned,
    RunFilter,
    Tally,
    VersionInfo,
)
from engine.schedules.rows import ScheduleRow, ScheduleState
from engine.secret_rows import Secrets
from engine.tenancy import Audit, Credentials, Workspaces

__all__ = [
    "ANYONE",
    "MAX_MESSAGES",
    "Anyone",
    "Blob",
    "Commit",
    "FeedItem",
    "Figures",
    "Health",
    "Held",
    "Jobs",
    "Owner",
    "Page",
    "ProcessRow",
    "Pruned",
    "RunFilter",
    "Runs",
    "ScheduleRow",
    "ScheduleState",
    "Schedules",
    "Store",
    "Tallies",
    "Tally",
    "Upkeep",
    "Users",
    "VersionInfo",
    "Workflows",
]


class Users(Protocol):
    """Accounts. E-mail addresses are compared in the lower-case form they are stored in."""

    async def create(self, user: User) -> None:
        """Add an account; Conflict when the address is taken."""

    async def by_email(self, email: str) -> User | None: ...

    async def by_id(self, user_id: str) -> User | None: ...

    async def update(
        self,
        user_id: str,
        *,
        role: Role | None = None,
        password_hash: str | None = None,
        token_version: int | None = None,
    ) -> None:
        """Change what is given; NotFound for an unknown id."""

    async def page(self, *, limit: int, cursor: str | None = None) -> Page[User]: ...


class Workflows(Protocol):
    """Workflow documents, all their versions, and their schedules, which change in the same transaction."""

    async def create(self, workflow: Workflow, schedules: Sequence[ScheduleRow], *, saved_by: str) -> None:
        """Add a workflow at version 1; Conflict when the id is taken."""

    async def save(
        self,
        workflow: Workflow,
        schedules: Sequence[ScheduleRow],
        *,
        expected_version: int,
        saved_by: str,
        owner: Owner,
    ) -> None:
        """Make `workflow` (whose version is expected_version + 1) the current one and replace its schedules.

        What lasts of schedules that stay is decided by engine.schedules.rows.carried, in the same transaction.
        VersionConflict when the current version is another one, NotFound for a foreign or unknown id.
        """

    async def get(self, workflow_id: str, *, owner: Owner) -> Workflow: ...

    async def current_version(self, workflow_id: str) -> int | None:
        """The number of the newest version, for whoever keeps a copy; None for an unknown or deleted workflow."""

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
        """`text` is looked for in names, without regard to case."""

    async def delete(self, workflow_id: str, *, owner: Owner) -> None:
        """Remove document and schedules; versions stay as long as runs refer to them."""

    async def version(self, workflow_id: str, version: int, *, owner: Owner) -> Workflow:
        """One version; for `ANYONE` also of a deleted workflow."""

    async def versions(
        self, workflow_id: str, *, owner: Owner, limit: int, cursor: str | None = None
    ) -> Page[VersionInfo]: ...


class Runs(Protocol):
    """Runs: their summaries, journals and large values."""

    async def commit(self, commit: Commit) -> str:
        """Append and replace, or raise Fenced; see `Commit`. Many commits may share one disk flush.

        Returns the commit's place in the feed. A new run whose (workflow_id, dedupe_key) is taken raises Fenced too.
        """

    async def claim(
        self, run_id: str, *, owner: str, expected_owner: str | None, now: int, count_death: bool = False
    ) -> RunRow | None:
        """Make `owner` the executor of an unfinished run held by `expected_owner` (None: resting).

        None when it is finished, unknown or held by somebody else by now. With `count_death`, `deaths` becomes 1 if
        `seq` is beyond `death_seq` and deaths + 1 otherwise, and `death_seq` becomes `seq`.
        """

    async def get(self, run_id: str, *, owner: Owner) -> RunRow: ...

    async def by_key(self, workflow_id: str, dedupe_key: str) -> RunRow | None:
        """The run this workflow accepted with this idempotency key; (workflow_id, dedupe_key) is unique."""

    async def page(self, where: RunFilter, *, limit: int, cursor: str | None = None) -> Page[RunRow]: ...

    async def journal(self, run_id: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events with seq > after, in order. The limit may be exceeded by what was committed together."""

    async def journals(self, run_ids: Sequence[str]) -> dict[str, list[Event]]:
        """The whole journals of several runs, for resuming many at once."""

    async def blob(self, run_id: str, ref: str) -> bytes:
        """A large value; NotFound when there is none."""

    async def feed(self, after: str | None, *, limit: int) -> list[FeedItem]:
        """Commits of all runs after a place in commit order; None starts at the end, giving one empty-event item.

        May repeat items (a reader drops what it has by run id and seq) but never leaves one out; NotFound when the
        place has been pruned.
        """

    async def due(self, now: int, *, limit: int) -> list[RunRow]:
        """Resting unfinished runs whose due_at or deadline_at has come, or with a cancel requested, or poked.

        When there are more than fit, owners take turns, so that one with many does not hide another's one.
        """

    async def next_due(self) -> int | None:
        """The earliest due_at or deadline_at of a resting unfinished run."""

    async def orphans(self, now: int, *, limit: int) -> list[RunRow]:
        """Unfinished runs whose owner has no live heartbeat (`beat` with until > now)."""

    async def held_back(self, limit_key: str, *, limit: int) -> list[RunRow]:
        """Resting runs that wait for their turn under this key, the oldest first."""

    async def held_keys(self, *, limit: int) -> list[str]:
        """Keys under which runs wait for their turn."""

    async def request_cancel(self, run_id: str, *, owner: Owner) -> RunRow:
        """Mark an unfinished run for cancelling and return its row; a finished one is returned unchanged."""

    async def cancel_requests(self, owner: str) -> list[str]:
        """Ids of the runs `owner` executes that somebody wants cancelled."""

    async def post(self, message: Message, *, owner: Owner) -> RunRow:
        """Put a message into an unfinished run's inbox and poke the run; its row then. A finished one's is unchanged.

        The same message twice is one. Raises NotFound for a foreign or unknown run, Conflict `inbox_full` when
        MAX_MESSAGES wait.
        """

    async def inbox(self, run_id: str) -> list[Message]:
        """Take back the poke, then read all messages that wait, oldest first; commits forget them (`heard`)."""

    async def pokes(self, owner: str) -> list[str]:
        """Ids of the runs `owner` executes that were poked."""

    async def owing(self, *, limit: int) -> list[RunRow]:
        """Failed runs with the mark `owed`: the handler of their failure has yet to be started."""

    async def settle(self, run_id: str, *, seq: int) -> None:
        """Take that mark away, unless the run has moved on since this seq."""

    async def beat(self, owner: str, *, until: int, info: dict[str, Any] | None = None) -> None:
        """Say that this process lives until then (one row for all its runs)."""

    async def held(self, owner: str, *, limit: int) -> Held:
        """What this process executes, with at most `limit` ids."""

    async def retire(self, owner: str) -> None:
        """Forget a process that has left in good order."""

    async def retire_others(self, owner: str) -> None:
        """Forget every process but this one; for stores that no other process can have open."""

    async def repair(self, *, limit: int) -> int:
        """Make summaries and jobs again that a process left behind their journals, of about `limit` runs at most.

        How many runs it were; 0 in stores that write them together with the journal.
        """

    async def active(self, *, owner: Owner, workflow_id: str | None = None) -> int:
        """How many runs are unfinished."""

    async def delete_for_workflow(self, workflow_id: str, *, limit: int) -> int:
        """Remove up to `limit` finished runs of a deleted workflow, with journals, jobs and large values."""

    async def trim(self, owner_id: str, *, limit: int) -> int:
        """Remove about `limit` of a workspace's finished runs, the oldest first, with the rounds of their loops.

        How many it were. The space is given back by the next `prune`. A run that was called stays as long as its
        caller works.
        """

    async def prune(self, *, finished_before: int, limit: int) -> Pruned:
        """Remove up to `limit` runs finished before then, oldest first, and give the space back to the disk."""


class Jobs(Protocol):
    """Retries owed to steps. They change only inside `Runs.commit`."""

    async def get(self, job_id: str, *, owner: Owner) -> JobRow: ...

    async def page(
        self,
        *,
        owner: Owner,
        limit: int,
        cursor: str | None = None,
        workflow_id: str | None = None,
        run_id: str | None = None,
        status: JobStatus | None = None,
    ) -> Page[JobRow]: ...


class Schedules(Protocol):
    """When workflows fire next, and what became of it. Rows are written by `Workflows.create` and `save`."""

    async def due(self, now: int, *, limit: int) -> list[ScheduleRow]:
        """Those with next_at up to now, the most overdue first."""

    async def advance(self, row: ScheduleRow, *, next_at: int, state: ScheduleState) -> bool:
        """Move a row on; False when somebody changed it since it was read (`rev`)."""

    async def all(self, *, owner: Owner, workflow_id: str | None = None) -> list[ScheduleRow]:
        """By workflow and id, those of workflows that are switched off included."""


class Tallies(Protocol):
    """Small values that several processes change; see `Tally`."""

    async def get(self, key: str) -> Tally | None: ...

    async def put(self, tally: Tally, *, expected: str | None) -> bool:
        """Write it if the tag there is the expected one (None: nothing there); False when it is not."""

    async def prune(self, *, before: int, limit: int) -> int:
        """Forget up to `limit` tallies that expired before then; how many."""


Counted = Literal["workflows", "runs", "queued"]
"""What a workspace may have too many of: workflows, runs of any state, and runs that have not begun to work.

The rounds of loops are part of the run that loops, and do not count.
"""


class Figures(Protocol):
    """Figures over many runs, counted along indexes."""

    async def runs(self, *, owner: Owner, since: int, until: int, sample: int) -> RunFigures:
        """Of the runs made in these whole hours; durations of the newest `sample` that succeeded or failed."""

    async def workflows(
        self, *, owner: Owner, since: int, limit: int, ids: Sequence[str] | None = None
    ) -> list[WorkflowFigures]:
        """Of at most `limit` workflows, newest first, or of these; runs made at or after `since` are counted."""

    async def count(self, owner_id: str, what: Counted, *, most: int) -> int:
        """How many of these a workspace has; not counted beyond `most`."""


class Upkeep(Protocol):
    """What only tools for whole stores need: copying, examining, repairing."""

    async def mark(self, name: str) -> int | None:
        """A number somebody put down."""

    async def set_mark(self, name: str, value: int | None) -> None:
        """Put a number down; None takes it away."""

    async def processes(self) -> list[ProcessRow]:
        """All processes with a heartbeat, dead ones included, by name."""

    async def clock(self) -> int | None:
        """The time where the data is kept; None when that is this machine's own."""

    async def messages(self, run_id: str) -> list[Message]:
        """What waits in a run's inbox, without taking anything back."""

    async def mend(self, before: RunRow, after: RunRow, jobs: Sequence[JobRow]) -> None:
        """Replace a run's summary and these of its jobs by what its journal says, and leave the journal as it is.

        Raises Fenced when the summary is no longer what it was before.
        """


class Store(Protocol):
    """All ports of one backend."""

    users: Users
    workflows: Workflows
    runs: Runs
    jobs: Jobs
    schedules: Schedules
    secrets: Secrets
    workspaces: Workspaces
    credentials: Credentials
    audit: Audit
    figures: Figures
    tallies: Tallies
    practice: Practice
    policies: Policies
    upkeep: Upkeep
    exclusive: bool
    """Whether no other process can have this store open while this one has."""

    async def open(self) -> None:
        """Connect, check and migrate; raises Unusable with what to do."""

    async def close(self) -> None:
        """Flush and let go; calling it twice is fine."""

    async def health(self) -> Health: ...
