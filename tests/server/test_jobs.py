"""Retries owed to steps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.server.live import Person, action, eventually, fail, greet


async def failed(ali: Person, **more: Any) -> tuple[str, Any]:
    """A workflow with a failed run, and the parked job."""
    workflow_id = await ali.save(fail(**more))
    run = await ali.run(workflow_id)
    (job,) = await ali.get(f"/api/jobs?runId={run['id']}")
    return workflow_id, job


async def test_a_failed_step_leaves_a_job(ali: Person) -> None:
    workflow_id, job = await failed(ali)
    assert (job["status"], job["stepId"], job["workflowId"], job["userId"]) == (
        "FAILED",
        "boom",
        workflow_id,
        ali.user.id,
    )
    assert job["error"]["code"] == "failed"
    assert await ali.get(f"/api/jobs/{job['id']}") == job
    assert await ali.get(f"/api/workflows/{workflow_id}/jobs") == [job]
    assert await ali.get("/api/jobs?status=FAILED") == [job]
    assert await ali.get("/api/jobs?status=COMPLETED") == []
    assert await ali.get(f"/api/jobs?workflowId={await ali.save(greet())}") == []
    assert (await ali.call("GET", "/api/jobs?status=LOST")).status == 422


async def test_a_double_click_gives_one_attempt(ali: Person) -> None:
    """Row 31: of two retries at once one is taken, and the step has exactly one new attempt."""
    # An attempt lasts long enough for both clicks to fall into it, however busy the machine is.
    check = action("check", "core.sleep", "greet", params={"duration": 60_000}, timeoutMs=1_000)
    workflow_id = await ali.save(check, greet())
    run = await ali.run(workflow_id)
    (job,) = await ali.get(f"/api/workflows/{workflow_id}/jobs")
    path = f"/api/workflows/jobs/{job['id']}/retry"
    answers = await asyncio.gather(ali.call("POST", path), ali.call("POST", path))
    assert sorted(answer.status for answer in answers) == [202, 409]

    async def finished() -> Any:
        found = await ali.get(f"/api/runs/{run['id']}")
        return found if found["status"] == "FAILED" else None

    again = await eventually(finished)
    assert again["steps"][0]["attempt"] == 2
    types = [event["type"] for event in await ali.get(f"/api/runs/{run['id']}/journal")]
    assert types.count("run.reopened") == 1
    keys = {e["data"]["key"] for e in await ali.get(f"/api/runs/{run['id']}/journal") if e["type"] == "step.started"}
    assert keys == {f"{run['id']}-check"}


async def waits_for_retry(ali: Person, *, takes_ms: int | None = None) -> tuple[str, Any]:
    """A run whose step failed once and is owed a retry in a minute, and that job; an attempt may take its time."""
    retry = {"maxAttempts": 2, "backoffMs": 60_000}
    at_once = action("boom", "core.fail", params={"message": "x", "retryable": True}, retry=retry)
    slow = action("boom", "core.sleep", params={"duration": 60_000}, timeoutMs=takes_ms, retry=retry)
    workflow_id = await ali.save(at_once if takes_ms is None else slow)
    run_id = await ali.start(workflow_id)

    async def waiting() -> Any:
        run = await ali.get(f"/api/runs/{run_id}")
        return run if run["status"] == "WAITING" else None

    run = await eventually(waiting)
    assert run["waitingFor"] == "retry"
    assert run["dueAt"] == run["steps"][0]["retryAt"]
    (job,) = await ali.get("/api/jobs")
    assert (job["status"], job["attempt"]) == ("PENDING", 2)
    return run_id, job


async def test_a_waiting_retry_comes_now_and_a_double_click_gives_one_attempt(ali: Person) -> None:
    """Row 31."""
    run_id, job = await waits_for_retry(ali, takes_ms=1500)  # the second click comes while the attempt is under way
    path = f"/api/workflows/jobs/{job['id']}/retry"
    answers = await asyncio.gather(ali.call("POST", path), ali.call("POST", path))
    assert {202} <= {answer.status for answer in answers} <= {202, 409}

    async def ended() -> Any:
        found = await ali.get(f"/api/runs/{run_id}")
        return found if found["status"] == "FAILED" else None

    run = await eventually(ended)
    assert run["steps"][0]["attempt"] == 2
    types = [event["type"] for event in await ali.get(f"/api/runs/{run_id}/journal")]
    assert types.count("step.started") == 2


async def test_a_job_that_ended_or_is_at_work_cannot_be_retried(ali: Person) -> None:
    """Row 31: 409 for both."""
    run_id, job = await waits_for_retry(ali)
    path = f"/api/workflows/jobs/{job['id']}/retry"
    assert (await ali.call("POST", f"/api/runs/{run_id}/cancel")).json["status"] == "CANCELLED"
    assert (await ali.get(f"/api/jobs/{job['id']}"))["status"] == "CANCELLED"
    answer = await ali.call("POST", path)
    assert (answer.status, answer.code) == (409, "job_not_retryable")

    slow = action(
        "slow", "core.sleep", params={"duration": 60_000}, timeoutMs=300, retry={"maxAttempts": 2, "backoffMs": 1}
    )
    slow_run = await ali.start(await ali.save(slow))

    async def again() -> Any:
        jobs = await ali.get(f"/api/jobs?runId={slow_run}")
        return jobs[0] if jobs and jobs[0]["status"] == "RUNNING" else None

    running = await eventually(again)
    answer = await ali.call("POST", f"/api/workflows/jobs/{running['id']}/retry")
    assert (answer.status, answer.code) == (409, "job_not_retryable")


@pytest.mark.parametrize("job_id", ["0" * 26, "x", "%27%20OR%201=1"])
async def test_jobs_that_are_not_there(ali: Person, job_id: str) -> None:
    for method, path in (("GET", f"/api/jobs/{job_id}"), ("POST", f"/api/workflows/jobs/{job_id}/retry")):
        answer = await ali.call(method, path)
        assert (answer.status, answer.code) == (404, "not_found")
