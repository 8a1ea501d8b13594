"""Calls about workflows and their versions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, cast

from flowdesk.client_http import Http, page_of, quote
from flowdesk.errors import problem_from
from flowdesk.figure_replies import WorkflowStatsDoc
from flowdesk.replies import (
    DiffDoc,
    JobDoc,
    LoggedRun,
    Page,
    Preview,
    RunDoc,
    RunSummary,
    TrialDoc,
    Validation,
    VersionDoc,
    WorkflowDoc,
)

Found = list[WorkflowDoc]  # inside the class `list` is the method

BASE: Final = "/api/workflows"
PAGE: Final = 200
MAX_TRIAL_MS: Final = 30_000
"""The longest a step may take that is tried."""
_WAIT_SLACK_S: Final = 10


class Workflows:
    """What can be done with workflows."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def list(
        self,
        *,
        text: str | None = None,
        tag: str | None = None,
        enabled: bool | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[WorkflowDoc]:
        """Workflows, newest first."""
        query = {"text": text, "tag": tag, "enabled": enabled, "limit": limit, "cursor": cursor}
        return page_of(await self._http.call("GET", BASE, query=query))

    async def all(self, *, text: str | None = None) -> AsyncIterator[WorkflowDoc]:
        """Every workflow, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list(text=text, limit=PAGE, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def named(self, name: str) -> Found:
        """Every workflow that is called exactly this."""
        return [w async for w in self.all(text=name) if w["name"] == name]

    async def get(self, workflow_id: str) -> WorkflowDoc:
        """One workflow as it is now."""
        return cast(WorkflowDoc, (await self._http.call("GET", f"{BASE}/{quote(workflow_id)}")).body)

    async def create(self, draft: dict[str, Any]) -> WorkflowDoc:
        """Save a new workflow."""
        return cast(WorkflowDoc, (await self._http.call("POST", BASE, body=draft)).body)

    async def save(self, workflow_id: str, document: dict[str, Any]) -> WorkflowDoc:
        """Save a new version; a `version` in the document must still be the current one (else InConflict)."""
        return cast(WorkflowDoc, (await self._http.call("PUT", f"{BASE}/{quote(workflow_id)}", body=document)).body)

    async def delete(self, workflow_id: str) -> None:
        """Delete a workflow with its versions."""
        await self._http.call("DELETE", f"{BASE}/{quote(workflow_id)}")

    async def validate(self, document: Any) -> Validation:
        """Everything that is wrong with a document, without saving it."""
        body = (await self._http.call("POST", f"{BASE}/validate", body=document)).body
        return Validation(bool(body["valid"]), [problem_from(item) for item in body["problems"]])

    async def stats(self, ids: Sequence[str] | None = None) -> dict[str, WorkflowStatsDoc]:
        """How these workflows, at most 200, or the newest ones have been doing, by id."""
        if ids is not None and not ids:
            return {}
        query = {"ids": None if ids is None else ",".join(ids)}
        return cast(dict[str, WorkflowStatsDoc], (await self._http.call("GET", f"{BASE}/stats", query=query)).body)

    async def preview(
        self, document: Any, step_id: str, *, run_id: str | None = None, data: dict[str, Any] | None = None
    ) -> Preview:
        """One step's parameters as that run, or this trigger data, would fill them; nothing is executed.

        The document need not be whole or saved. Rejected when it has no such step.
        """
        asked = _step_of(document, step_id, run_id, data)
        body = (await self._http.call("POST", f"{BASE}/preview", body=asked)).body
        problems = [problem_from(item) for item in body["problems"]]
        return Preview(body["params"], problems, body["scope"], bool(body["truncated"]))

    async def try_step(
        self,
        document: Any,
        step_id: str,
        *,
        run_id: str | None = None,
        data: dict[str, Any] | None = None,
        timeout_ms: int = MAX_TRIAL_MS,
    ) -> TrialDoc:
        """Execute one step alone, once, with whatever effect it has: say so before. No run is made."""
        asked = {**_step_of(document, step_id, run_id, data), "timeoutMs": timeout_ms}
        within_s = timeout_ms / 1000 + _WAIT_SLACK_S
        return cast(TrialDoc, (await self._http.call("POST", f"{BASE}/try", body=asked, total_s=within_s)).body)

    async def versions(self, workflow_id: str, *, limit: int = 50, cursor: str | None = None) -> Page[VersionDoc]:
        """The saved versions, newest first."""
        path = f"{BASE}/{quote(workflow_id)}/versions"
        return page_of(await self._http.call("GET", path, query={"limit": limit, "cursor": cursor}))

    async def version(self, workflow_id: str, number: int) -> WorkflowDoc:
        """The workflow as that version was."""
        path = f"{BASE}/{quote(workflow_id)}/versions/{number}"
        return cast(WorkflowDoc, (await self._http.call("GET", path)).body)

    async def diff(self, workflow_id: str, old: int, new: int) -> DiffDoc:
        """What changed between two versions."""
        path = f"{BASE}/{quote(workflow_id)}/versions/{old}/diff/{new}"
        return cast(DiffDoc, (await self._http.call("GET", path)).body)

    async def restore(self, workflow_id: str, number: int) -> WorkflowDoc:
        """Save an old version as the newest one."""
        path = f"{BASE}/{quote(workflow_id)}/versions/{number}/restore"
        return cast(WorkflowDoc, (await self._http.call("POST", path)).body)

    async def execute(
        self,
        workflow_id: str,
        data: dict[str, Any] | None = None,
        *,
        key: str | None = None,
        rehearsal: dict[str, Any] | None = None,
    ) -> RunSummary:
        """Start a run; it is on disk when this returns. The same `key` gives the same run.

        A `rehearsal` (`until`, `sample`, `pins`, `keptPins`) makes it one.
        """
        asked: dict[str, Any] = {"data": data or {}}
        if rehearsal is not None:
            asked["rehearsal"] = rehearsal
        reply = await self._http.call("POST", f"{BASE}/{quote(workflow_id)}/execute", body=asked, headers=_key(key))
        return cast(RunSummary, reply.body)

    async def execute_and_wait(
        self, workflow_id: str, data: dict[str, Any] | None = None, *, timeout_ms: int = 30_000, key: str | None = None
    ) -> RunDoc | None:
        """Start a run and wait for its end; None when it has not ended in time (it goes on)."""
        reply = await self._http.call(
            "POST",
            f"{BASE}/{quote(workflow_id)}/execute",
            body={"data": data or {}},
            query={"wait": True, "timeoutMs": timeout_ms},
            headers=_key(key),
            total_s=timeout_ms / 1000 + _WAIT_SLACK_S,
        )
        return cast(RunDoc, reply.body) if reply.status == 200 else None

    async def logs(self, workflow_id: str, *, limit: int = 50, cursor: str | None = None) -> Page[LoggedRun]:
        """The workflow's runs with what their steps logged, newest first."""
        path = f"{BASE}/{quote(workflow_id)}/logs"
        return page_of(await self._http.call("GET", path, query={"limit": limit, "cursor": cursor}))

    async def jobs(self, workflow_id: str, *, limit: int = 50, cursor: str | None = None) -> Page[JobDoc]:
        """The retries owed to this workflow's steps, newest first."""
        path = f"{BASE}/{quote(workflow_id)}/jobs"
        return page_of(await self._http.call("GET", path, query={"limit": limit, "cursor": cursor}))


def _step_of(document: Any, step_id: str, run_id: str | None, data: dict[str, Any] | None) -> dict[str, Any]:
    source = {"runId": run_id, "data": data}
    return {"document": document, "stepId": step_id, **{key: item for key, item in source.items() if item is not None}}


def _key(key: str | None) -> dict[str, str] | None:
    return {"Idempotency-Key": key} if key else None
