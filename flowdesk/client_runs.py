"""Calls about runs and the retries owed to their steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, cast

from flowdesk.client_http import Http, page_of, quote
from flowdesk.figure_replies import StatsDoc
from flowdesk.replies import JobDoc, JournalPart, Page, QuestionDoc, RunDoc, RunSummary

BASE: Final = "/api/runs"

Outcome = Literal["approve", "reject", "send-back", "signal", "done", "again", "fail"]
"""The answers there are: to an approval, to a step that waits for a signal, and about a `once` step whose process died:
it happened, it did not and is to run, or it counts as failed."""


class Runs:
    """What can be done with runs."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(
        self,
        *,
        workflow_id: str | None = None,
        status: str | Sequence[str] | None = None,
        waiting_for: Sequence[str] = (),
        trigger: str | None = None,
        since: str | None = None,
        until: str | None = None,
        parent_run_id: str | None = None,
        caller: str | None = None,
        caller_step: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[RunSummary]:
        """Runs, newest first, without rounds of loops unless a caller is named.

        Of one state or of several, waiting for one thing or another, and `since` and `until` are ISO times.
        """
        query = {
            "workflowId": workflow_id,
            "status": status if status is None or isinstance(status, str) else ",".join(status) or None,
            "waitingFor": ",".join(waiting_for) or None,
            "trigger": trigger,
            "since": since,
            "until": until,
            "parentRunId": parent_run_id,
            "caller": caller,
            "callerStep": caller_step,
            "limit": limit,
            "cursor": cursor,
        }
        return page_of(await self._http.call("GET", BASE, query=query))

    async def get(self, run_id: str) -> RunDoc:
        """A run with everything that happened in it."""
        return cast(RunDoc, (await self._http.call("GET", f"{BASE}/{quote(run_id)}")).body)

    async def journal(self, run_id: str, *, after: int = 0, limit: int = 200) -> JournalPart:
        """The run's events after that sequence number, oldest first."""
        path = f"{BASE}/{quote(run_id)}/journal"
        return cast(JournalPart, (await self._http.call("GET", path, query={"after": after, "limit": limit})).body)

    async def cancel(self, run_id: str, *, undo: bool = False, force: bool = False) -> RunSummary:
        """Ask a run to end, undoing what it did, or at once whatever it cleans up; InConflict when it has ended."""
        asked = {"undo": undo, "force": force} if undo or force else None
        return cast(RunSummary, (await self._http.call("POST", f"{BASE}/{quote(run_id)}/cancel", body=asked)).body)

    async def rerun(
        self,
        run_id: str,
        *,
        from_step: str | None = None,
        only_failed: bool = False,
        data: dict[str, Any] | None = None,
        version: Literal["same", "latest"] = "same",
    ) -> RunSummary:
        """Start a new run like this one: whole, from a step or only what failed, with the same or with other data."""
        asked: dict[str, Any] = {"version": version}
        if only_failed:
            asked["only"] = "failed"
        if from_step is not None:
            asked["from"] = from_step
        if data is not None:
            asked["data"] = data
        return cast(RunSummary, (await self._http.call("POST", f"{BASE}/{quote(run_id)}/rerun", body=asked)).body)

    async def move(self, run_id: str, *, version: int | None = None) -> RunSummary:
        """Let a run that waits or has failed go on with another version of its workflow, the newest by default."""
        body = {} if version is None else {"version": version}
        return cast(RunSummary, (await self._http.call("POST", f"{BASE}/{quote(run_id)}/move", body=body)).body)

    async def decide(
        self, run_id: str, step_id: str, outcome: Outcome, *, data: Any = None, reason: str | None = None
    ) -> RunSummary:
        """Answer one of the run's `questions`; `data` is what an approval or a signal brings, or a step that is `done`.

        InConflict when the step does not wait for an answer, or not any more.
        """
        asked = {"stepId": step_id, "outcome": outcome, "data": data, "reason": reason}
        given = {name: value for name, value in asked.items() if value is not None}
        return cast(RunSummary, (await self._http.call("POST", f"{BASE}/{quote(run_id)}/decide", body=given)).body)

    async def questions(self, run_id: str) -> Sequence[QuestionDoc]:
        """What the run asks of whoever is logged in; also of a run that is somebody else's."""
        return cast("Sequence[QuestionDoc]", (await self._http.call("GET", f"{BASE}/{quote(run_id)}/questions")).body)

    async def signal(self, run_id: str, name: str, data: Any = None, *, key: str | None = None) -> RunSummary:
        """Send the run a signal; with the same `key` twice it counts once."""
        path = f"{BASE}/{quote(run_id)}/signals/{quote(name)}"
        headers = None if key is None else {"Idempotency-Key": key}
        return cast(RunSummary, (await self._http.call("POST", path, body=data, headers=headers)).body)

    async def stats(self, *, hours: int = 24) -> StatsDoc:
        """The runs of the last hours, at most 168: counts by state and by hour, and how long they took."""
        return cast(StatsDoc, (await self._http.call("GET", "/api/stats", query={"hours": hours})).body)

    async def blob(self, run_id: str, ref: str) -> Any:
        """A large output, which the journal holds only by reference."""
        return (await self._http.call("GET", f"{BASE}/{quote(run_id)}/blobs/{quote(ref)}")).body


class Jobs:
    """What can be done with the retries owed to steps."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(
        self,
        *,
        status: str | None = None,
        workflow_id: str | None = None,
        run_id: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[JobDoc]:
        """Jobs, newest first."""
        query = {"status": status, "workflowId": workflow_id, "runId": run_id, "limit": limit, "cursor": cursor}
        return page_of(await self._http.call("GET", "/api/jobs", query=query))

    async def get(self, job_id: str) -> JobDoc:
        """One job."""
        return cast(JobDoc, (await self._http.call("GET", f"/api/jobs/{quote(job_id)}")).body)

    async def retry(self, job_id: str) -> JobDoc:
        """Try a parked failure once more, or a waiting retry now; InConflict when it is neither."""
        return cast(JobDoc, (await self._http.call("POST", f"/api/workflows/jobs/{quote(job_id)}/retry")).body)
