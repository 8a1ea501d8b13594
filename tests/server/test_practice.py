"""Trying a workflow out: samples, pins, capturing, rehearsals; and runs that move to a mended version."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.live import Live, Person, eventually, fail, greet, webhook

STEPS: list[dict[str, Any]] = [
    {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "next": "price"},
    {"id": "price", "ref": "data.set", "params": {"values": {"price": "{{amount}}"}}, "next": "told"},
    {"id": "told", "ref": "core.log", "params": {"message": "{{price}}"}},
]


async def _rehearse(person: Person, workflow_id: str, rehearsal: dict[str, Any], **data: Any) -> Any:
    body = {"data": data, "rehearsal": rehearsal}
    answer = await person.call("POST", f"/api/workflows/{workflow_id}/execute?wait=true", body)
    assert answer.status == 200, answer.body
    return answer.json


def _steps(run: Any) -> dict[str, str]:
    return {step["id"]: step["status"] for step in run["steps"]}


async def test_a_rehearsal_runs_up_to_a_step_and_says_that_it_is_one(ali: Person) -> None:
    workflow_id = await ali.save(*STEPS)
    run = await _rehearse(ali, workflow_id, {"until": "price"}, amount=5)
    assert run["trigger"]["kind"] == "test"
    assert _steps(run) == {"hook": "SUCCESS", "price": "SUCCESS", "told": "SKIPPED"}
    listed = await ali.get("/api/runs?trigger=test")
    assert [one["id"] for one in listed] == [run["id"]]


async def test_samples_are_kept_listed_used_and_forgotten(ali: Person, server: Live) -> None:
    mia = await server.person("mia")
    workflow_id = await ali.save(*STEPS)
    path = f"/api/workflows/{workflow_id}/samples"
    kept = await ali.call("PUT", f"{path}/large-order", {"data": {"amount": 99}, "meta": {"headers": {"a": "b"}}})
    assert kept.status == 200
    assert [sample["name"] for sample in await ali.get(path)] == ["large-order"]
    run = await _rehearse(ali, workflow_id, {"sample": "large-order"})
    assert run["data"]["price"] == 99
    assert run["trigger"]["meta"] == {"headers": {"a": "b"}}
    for method, where in (("GET", path), ("PUT", f"{path}/x"), ("DELETE", f"{path}/large-order")):
        answer = await mia.call(method, where, {} if method == "PUT" else None)
        assert (answer.status, answer.code) == (404, "not_found"), "row 41"
    assert (await ali.call("DELETE", f"{path}/large-order")).status == 204
    assert (await ali.call("DELETE", f"{path}/large-order")).status == 404


async def test_pins_are_used_by_rehearsals_that_ask_and_by_nothing_else(ali: Person, server: Live) -> None:
    workflow_id = await ali.save(*STEPS)
    path = f"/api/workflows/{workflow_id}/pins"
    assert (await ali.call("PUT", f"{path}/price", {"output": {"price": "pinned"}})).status == 200
    assert (await _rehearse(ali, workflow_id, {"keptPins": True}, amount=1))["data"]["price"] == "pinned"
    assert (await _rehearse(ali, workflow_id, {}, amount=1))["data"]["price"] == 1
    assert (await ali.run(workflow_id, amount=2))["data"]["price"] == 2
    hook = await server.call("POST", f"/api/hooks/{workflow_id}", {"amount": 3})
    run_id = hook.json["runId"]

    async def finished() -> Any:
        run = await ali.get(f"/api/runs/{run_id}")
        return run if run["status"] == "SUCCESS" else None

    assert (await eventually(finished))["data"]["price"] == 3
    over = {"keptPins": True, "pins": {"price": {"output": {"price": "given"}}}}
    assert (await _rehearse(ali, workflow_id, over))["data"]["price"] == "given"


@pytest.mark.parametrize(
    ("rehearsal", "field", "code"),
    [
        ({"until": "nowhere"}, "rehearsal.until", "unknown_step"),
        ({"pins": {"nowhere": {"output": 1}}}, "rehearsal.pins.nowhere", "unknown_step"),
        ({"sample": "nothing"}, "rehearsal.sample", "unknown_sample"),
        ({"untill": "price"}, "rehearsal.untill", None),
        ({"sample": "../x"}, "rehearsal.sample", None),
    ],
)
async def test_a_wrong_rehearsal_is_refused(ali: Person, rehearsal: Any, field: str, code: str | None) -> None:
    workflow_id = await ali.save(*STEPS)
    answer = await ali.call("POST", f"/api/workflows/{workflow_id}/execute", {"rehearsal": rehearsal})
    assert answer.status == 422
    (problem,) = answer.json["problems"]
    assert problem["field"] == field
    assert code in (None, problem["code"])
    assert await ali.get(f"/api/runs?workflowId={workflow_id}") == []


async def test_what_is_too_large_or_badly_named_is_not_kept(ali: Person) -> None:
    workflow_id = await ali.save(*STEPS)
    large = await ali.call("PUT", f"/api/workflows/{workflow_id}/samples/x", {"data": {"text": "x" * 1_000_001}})
    assert (large.status, large.code) == (413, "too_large")
    named = await ali.call("PUT", f"/api/workflows/{workflow_id}/samples/%20", {})
    assert named.status == 422


async def test_the_next_webhook_is_captured_and_runs_nothing(ali: Person, server: Live) -> None:
    workflow_id = await ali.save(webhook("greet"), greet())
    path = f"/api/workflows/{workflow_id}"
    assert (await ali.get(f"{path}/capture")) == {"until": None}
    armed = await ali.call("POST", f"{path}/capture", {"seconds": 60})
    assert armed.json["until"] is not None
    came = await server.call("POST", f"/api/hooks/{workflow_id}?a=b", {"name": "Ada"}, headers={"X-Shop": "s1"})
    assert (came.status, came.json["captured"]) == (200, True)
    (sample,) = await ali.get(f"{path}/samples")
    assert sample["name"] == came.json["sample"]
    assert sample["data"] == {"name": "Ada"}
    assert sample["meta"]["headers"]["x-shop"] == "s1"
    assert await ali.get(f"/api/runs?workflowId={workflow_id}") == []
    assert (await server.call("POST", f"/api/hooks/{workflow_id}", {"name": "Bo"})).status == 202, (
        "only one is captured"
    )
    run = await _rehearse(ali, workflow_id, {"sample": sample["name"]})
    assert run["data"]["greeting"] == "Hello Ada"


async def test_capturing_can_be_stopped(ali: Person, server: Live) -> None:
    mia = await server.person("mia")
    workflow_id = await ali.save(webhook("greet"), greet())
    path = f"/api/workflows/{workflow_id}/capture"
    assert (await mia.call("POST", path, {})).status == 404
    assert (await ali.call("POST", path, {"seconds": 0})).status == 422
    await ali.call("POST", path)
    assert (await ali.call("DELETE", path)).status == 204
    assert (await server.call("POST", f"/api/hooks/{workflow_id}", {})).status == 202


async def test_samples_and_pins_go_with_their_workflow(ali: Person, server: Live) -> None:
    workflow_id = await ali.save(*STEPS)
    await ali.call("PUT", f"/api/workflows/{workflow_id}/samples/x", {})
    await ali.call("PUT", f"/api/workflows/{workflow_id}/pins/price", {})
    await ali.call("DELETE", f"/api/workflows/{workflow_id}")
    assert await server.parts.store.practice.everything(limit=10) == []


async def test_a_failed_run_moves_to_the_mended_version(ali: Person, server: Live) -> None:
    mia = await server.person("mia")
    workflow_id = await ali.save(fail(), name="Mended")
    run = await ali.run(workflow_id)
    steps = [{"id": "boom", "ref": "core.log", "params": {"message": "well"}}]
    await ali.call("PUT", f"/api/workflows/{workflow_id}", {"name": "Mended", "steps": steps})
    refused = await ali.call("POST", f"/api/runs/{run['id']}/move")
    assert (refused.status, refused.code) == (422, "run_does_not_fit")
    assert [(one["stepId"], one["field"]) for one in refused.json["problems"]] == [("boom", "ref")]
    after = {"id": "x", "ref": "core.log", "params": {"message": "x"}}
    mended = [{**fail(), "params": {"message": "still"}, "next": "x"}, after]
    await ali.call("PUT", f"/api/workflows/{workflow_id}", {"name": "Mended", "steps": mended})
    assert (await mia.call("POST", f"/api/runs/{run['id']}/move")).status == 404
    moved = await ali.call("POST", f"/api/runs/{run['id']}/move", {"version": 3})
    assert (moved.status, moved.json["workflowVersion"]) == (200, 3)
    assert (await ali.get(f"/api/runs/{run['id']}"))["workflowVersion"] == 3
