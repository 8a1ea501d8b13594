"""Starting runs by hand."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.server.live import Person, eventually, fail, greet, sleep, webhook


async def test_accepted_at_once(ali: Person) -> None:
    """R1: 202 names a run that is on disk."""
    workflow_id = await ali.save(greet(), name="Greeter")
    answer = await ali.call("POST", f"/api/workflows/{workflow_id}/execute", {"data": {"name": "Ali"}})
    assert answer.status == 202
    summary = answer.json
    assert answer.headers["Location"] == f"/api/runs/{summary['id']}"
    assert (summary["workflowId"], summary["workflowName"], summary["workflowVersion"]) == (workflow_id, "Greeter", 1)
    assert summary["trigger"] == {"kind": "manual"}

    async def finished() -> Any:
        run = await ali.get(f"/api/runs/{summary['id']}")
        return run if run["status"] == "SUCCESS" else None

    assert (await eventually(finished))["data"] == {"name": "Ali", "greeting": "Hello Ali"}


async def test_waiting_for_the_end(ali: Person) -> None:
    run = await ali.run(await ali.save(greet()), name="Ali")
    assert (run["status"], run["data"]["greeting"]) == ("SUCCESS", "Hello Ali")
    assert [step["status"] for step in run["steps"]] == ["SUCCESS"]


async def test_waiting_for_a_failure_is_an_answer_too(ali: Person) -> None:
    run = await ali.run(await ali.save(fail()))
    assert (run["status"], run["error"]["code"], run["error"]["stepId"]) == ("FAILED", "failed", "boom")


async def test_no_longer_than_asked(ali: Person) -> None:
    workflow_id = await ali.save(sleep())
    answer = await ali.call("POST", f"/api/workflows/{workflow_id}/execute?wait=true&timeoutMs=50", {})
    assert answer.status == 202
    run_id = answer.json["id"]
    assert answer.headers["Location"] == f"/api/runs/{run_id}"
    assert (await ali.call("POST", f"/api/runs/{run_id}/cancel")).status == 202


async def test_without_a_body_there_is_no_data(ali: Person) -> None:
    workflow_id = await ali.save(greet())
    answer = await ali.call("POST", f"/api/workflows/{workflow_id}/execute?wait=1")
    assert answer.json["trigger"]["data"] == {}


async def test_a_manual_trigger_is_where_it_starts(ali: Person) -> None:
    start = {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "greet"}
    run = await ali.run(await ali.save(webhook("greet"), start, greet()), name="Ali")
    status = {step["id"]: step["status"] for step in run["steps"]}
    assert status == {"hook": "SKIPPED", "start": "SUCCESS", "greet": "SUCCESS"}
    assert run["trigger"]["stepId"] == "start"


async def test_a_workflow_that_is_off_can_be_tried_by_hand(ali: Person) -> None:
    run = await ali.run(await ali.save(greet(), enabled=False), name="Ali")
    assert run["status"] == "SUCCESS"


@pytest.mark.parametrize("body", [{"data": []}, {"data": "x"}, {"date": {}}, [], "x", 1])
async def test_bodies_of_another_shape_are_refused(ali: Person, body: Any) -> None:
    workflow_id = await ali.save(greet())
    answer = await ali.call("POST", f"/api/workflows/{workflow_id}/execute", body)
    assert answer.status == 422
    assert answer.json["problems"]
    assert await ali.get("/api/runs") == []


@pytest.mark.parametrize("query", ["wait=perhaps", "timeoutMs=0", "timeoutMs=30001", "wiat=true"])
async def test_bad_queries_start_nothing(ali: Person, query: str) -> None:
    workflow_id = await ali.save(greet())
    assert (await ali.call("POST", f"/api/workflows/{workflow_id}/execute?{query}", {})).status == 422
    assert await ali.get("/api/runs") == []


async def test_a_key_makes_it_safe_to_repeat(ali: Person) -> None:
    """R6, rows 18 and 19: the same key gives the same run, another payload is refused."""
    workflow_id = await ali.save(greet())
    path = f"/api/workflows/{workflow_id}/execute"
    key = {"Idempotency-Key": "order 17"}
    answers = await asyncio.gather(*(ali.call("POST", path, {"data": {"name": "Ali"}}, headers=key) for _ in range(8)))
    assert [answer.status for answer in answers] == [202] * 8
    (run_id,) = {answer.json["id"] for answer in answers}
    waited = await ali.call("POST", f"{path}?wait=true", {"data": {"name": "Ali"}}, headers=key)
    assert (waited.status, waited.json["id"]) == (200, run_id)
    other = await ali.call("POST", path, {"data": {"name": "Veli"}}, headers=key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert len(await ali.get("/api/runs")) == 1
    second = await ali.save(greet())
    elsewhere = await ali.call("POST", f"/api/workflows/{second}/execute", {"data": {"name": "Ali"}}, headers=key)
    assert elsewhere.json["id"] != run_id


async def test_waiting_for_a_run_that_somebody_else_waits_for(ali: Person) -> None:
    """Row 19: the same key while the first run works is 409 for a caller who wants its result."""
    workflow_id = await ali.save(sleep())
    path = f"/api/workflows/{workflow_id}/execute"
    key = {"Idempotency-Key": "k"}
    first = await ali.call("POST", path, {}, headers=key)
    again = await ali.call("POST", f"{path}?wait=true", {}, headers=key)
    assert (again.status, again.code) == (409, "run_in_progress")
    assert (await ali.call("POST", path, {}, headers=key)).json["id"] == first.json["id"]


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ü", "a\tb"])
async def test_keys_that_are_none_are_refused(ali: Person, key: str) -> None:
    workflow_id = await ali.save(greet())
    path = f"/api/workflows/{workflow_id}/execute"
    answer = await ali.call("POST", path, {}, headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (422, "bad_idempotency_key")
