"""Signals and approvals over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.models.run import Role
from tests.server.live import Live, Person, action, eventually, greet, sleep

FORM = {"type": "object", "properties": {"amount": {"type": "integer", "minimum": 1}}, "required": ["amount"]}


def approval(next_step: Any = None, **params: Any) -> dict[str, Any]:
    return action("ask", "flow.approval", next_step, params={"message": "pay {{data.total}}?", **params})


def hear(name: str = "paid", **more: Any) -> dict[str, Any]:
    return action("hear", "flow.wait", params={"signal": name}, **more)


async def asking(person: Person, run_id: str) -> Any:
    async def look() -> Any:
        run = await person.get(f"/api/runs/{run_id}")
        return run if run["questions"] else None

    return await eventually(look)


async def ended(person: Person, run_id: str) -> Any:
    async def look() -> Any:
        run = await person.get(f"/api/runs/{run_id}")
        return run if run["finishedAt"] else None

    return await eventually(look)


async def test_an_approval_is_a_question_and_its_answer_a_route(ali: Person) -> None:
    arrows = [{"to": "greet", "label": "approve"}, {"to": "no", "label": "reject"}, {"to": "no", "label": "send-back"}]
    workflow = await ali.save(approval(arrows, form=FORM, deadline="2d"), greet(), greet("no"))
    run_id = await ali.start(workflow, total=5, name="Ali")
    run = await asking(ali, run_id)
    assert (run["status"], run["waitingFor"]) == ("WAITING", "approval")
    (question,) = run["questions"]
    assert question["outcomes"] == ["approve", "reject", "send-back"]
    assert (question["message"], question["form"], question["whenDue"]) == ("pay 5?", FORM, "due")
    assert question["dueAt"] == run["dueAt"]
    decide = f"/api/runs/{run_id}/decide"
    wrong = await ali.call("POST", decide, {"stepId": "ask", "outcome": "approve", "data": {"amount": "x"}})
    assert (wrong.status, wrong.code, wrong.json["problems"][0]["field"]) == (422, "answer_misfit", "data.amount")
    other = await ali.call("POST", decide, {"stepId": "ask", "outcome": "done"})
    assert (other.status, other.json["hint"]) == (422, "answer with approve, reject, send-back")
    right = {"stepId": "ask", "outcome": "approve", "data": {"amount": 3}, "reason": "fine"}
    assert (await ali.call("POST", decide, right)).status == 202
    again = await ali.call("POST", decide, {"stepId": "ask", "outcome": "reject"})
    assert (again.status, again.code) == (409, "already_decided")
    run = await ended(ali, run_id)
    assert run["status"] == "SUCCESS"
    ask, yes, no = run["steps"]
    assert (ask["route"], yes["status"], no["status"]) == ("approve", "SUCCESS", "SKIPPED")
    assert ask["output"] == {"outcome": "approve", "by": ali.user.id, "answer": {"amount": 3}, "feedback": "fine"}
    assert "decided: approve (fine)" in [line["message"] for line in run["logs"]]


async def test_who_may_decide_sees_the_question_and_nobody_else_does(server: Live, ali: Person) -> None:
    """Row 41."""
    boss, veli = await server.person("boss"), await server.person("veli")
    root = await server.person("root", Role.ADMIN)
    run_id = await ali.start(await ali.save(approval(deciders=["BOSS@example.com"])))
    await asking(ali, run_id)
    path = f"/api/runs/{run_id}/questions"
    for person in (ali, boss, root):
        assert [question["stepId"] for question in await person.get(path)] == ["ask"]
    for unknown in (path, "/api/runs/unknown/questions"):
        assert (await veli.call("GET", unknown)).status == 404
    answer = {"stepId": "ask", "outcome": "approve"}
    assert (await veli.call("POST", f"/api/runs/{run_id}/decide", answer)).status == 404
    assert (await boss.call("GET", f"/api/runs/{run_id}")).status == 404, "they may decide, not look around"
    assert (await boss.call("POST", f"/api/runs/{run_id}/decide", answer)).status == 202
    assert (await ended(ali, run_id))["steps"][0]["output"]["by"] == boss.user.id


async def test_an_answer_while_another_branch_works(ali: Person) -> None:
    start = action("s", "core.log", ["ask", "sleep"], params={"message": "hi"})
    run_id = await ali.start(await ali.save(start, approval(), sleep()))
    run = await asking(ali, run_id)
    assert run["status"] == "RUNNING"
    answers = [{"stepId": "ask", "outcome": outcome} for outcome in ("approve", "reject", "approve")]
    found = await asyncio.gather(*(ali.call("POST", f"/api/runs/{run_id}/decide", one) for one in answers))
    assert sorted(answer.status for answer in found) == [202, 409, 409]
    assert {answer.code for answer in found if answer.status == 409} == {"already_decided"}
    await ali.call("POST", f"/api/runs/{run_id}/cancel")


@pytest.mark.parametrize("data", [{"amount": 5}, [1], "text", 0, None])
async def test_a_signal_is_the_output(ali: Person, data: Any) -> None:
    run_id = await ali.start(await ali.save(hear(saveAs="paid")))
    (question,) = (await asking(ali, run_id))["questions"]
    assert (question["kind"], question["signal"], question["outcomes"]) == ("signal", "paid", ["signal"])
    raw = b"" if data is None else None
    sent = await ali.call("POST", f"/api/runs/{run_id}/signals/paid", data, raw=raw)
    assert sent.status == 202
    run = await ended(ali, run_id)
    assert (run["data"]["paid"], run["steps"][0]["route"]) == (data, "received")


async def test_a_signal_can_be_sent_as_an_answer_and_counts_once_by_its_key(ali: Person) -> None:
    run_id = await ali.start(await ali.save({**hear(), "next": "two"}, {**hear(), "id": "two"}))
    await asking(ali, run_id)
    path, key = f"/api/runs/{run_id}/signals/paid", {"Idempotency-Key": "k-1"}
    for _ in range(3):
        assert (await ali.call("POST", path, {"n": 1}, headers=key)).status == 202

    async def second() -> Any:
        run = await ali.get(f"/api/runs/{run_id}")
        return [question["stepId"] for question in run["questions"]] == ["two"]

    await eventually(second)
    body = {"stepId": "two", "outcome": "signal", "data": {"n": 2}}
    assert (await ali.call("POST", f"/api/runs/{run_id}/decide", body)).status == 202
    assert [step["output"] for step in (await ended(ali, run_id))["steps"]] == [{"n": 1}, {"n": 2}]
    over = await ali.call("POST", path, {"n": 1})
    assert (over.status, over.code) == (409, "already_finished")


async def test_signals_that_make_no_sense(server: Live, ali: Person) -> None:
    run_id = await ali.start(await ali.save(hear()))
    await asking(ali, run_id)
    unknown = await ali.call("POST", f"/api/runs/{run_id}/signals/piad", {})
    assert (unknown.status, unknown.code, unknown.json["hint"]) == (422, "unknown_signal", "there are: paid")
    path = f"/api/runs/{run_id}/signals/paid"
    assert (await ali.call("POST", path, raw=b"{")).status == 400
    assert (await ali.call("POST", path, raw=b'"' + b"x" * 70_000 + b'"')).status == 413
    assert (await ali.call("POST", path, {}, headers={"Idempotency-Key": "\t"})).status in (400, 422)
    veli = await server.person("veli")
    assert (await veli.call("POST", path, {})).status == 404


async def test_waiting_steps_are_checked_when_they_are_saved(ali: Person) -> None:
    for params, field in (
        ({"ref": "flow.sleep", "params": {}}, "params"),
        ({"ref": "flow.sleep", "params": {"duration": "soon"}}, "params.duration"),
        ({"ref": "flow.sleep", "params": {"until": "2026-01-01T00:00:00"}}, "params.until"),
        ({"ref": "flow.sleep", "params": {"duration": "1h", "until": "2026-01-01T00:00:00Z"}}, "params"),
        ({"ref": "flow.wait", "params": {"signal": "no name"}}, "params.signal"),
        ({"ref": "flow.approval", "params": {"message": "?", "form": {"type": "string"}}}, "params.form"),
        ({"ref": "flow.approval", "params": {"message": "?", "default": "maybe"}}, "params.default"),
    ):
        answer = await ali.call("POST", "/api/workflows", {"name": "w", "steps": [{"id": "s", **params}]})
        assert answer.status == 422, params
        assert [problem["field"] for problem in answer.json["problems"]] == [field], answer.json
    mistyped = {"name": "w", "steps": [approval([{"to": "greet", "label": "approved"}]), greet()]}
    answer = await ali.call("POST", "/api/workflows", mistyped)
    assert answer.json["problems"][0]["code"] == "unknown_label"


async def test_an_approval_is_found_while_another_branch_works(ali: Person) -> None:
    """What people are asked is known per step: it does not hide until the rest of the run has come to a rest."""
    fork = action("fork", "core.log", ["ask", "sleep"], params={"message": "both"})
    run_id = await ali.start(await ali.save(fork, approval(), sleep(ms=60_000)), total=5)

    async def found() -> Any:
        return await ali.get("/api/runs?waitingFor=approval,decision")

    (run,) = await eventually(found)
    assert (run["id"], run["status"], run["waitingFor"]) == (run_id, "RUNNING", "approval")
    assert (await ali.call("POST", f"/api/runs/{run_id}/decide", {"stepId": "ask", "outcome": "approve"})).status == 202

    async def heard() -> Any:
        return not await found()

    await eventually(heard)
    run = await ali.get(f"/api/runs/{run_id}")
    assert (run["status"], run["waitingFor"]) == ("RUNNING", None)
    wrong = await ali.call("GET", "/api/runs?waitingFor=approval,tea")
    assert (wrong.status, wrong.json["problems"][0]["field"]) == (422, "waitingFor[1]")


async def test_runs_of_an_inline_body_are_told_by_the_signals_of_the_body(ali: Person) -> None:
    """The items of a loop are runs of their own, and so are what they wait for."""
    body = {"steps": [hear("item")]}
    each = action("each", "flow.foreach", params={"items": [1]}, body=body)
    run_id = await ali.start(await ali.save(each))

    async def child() -> Any:
        runs = await ali.get(f"/api/runs?caller={run_id}")
        return [run["id"] for run in runs if run["waitingFor"] == "signal"]

    (item,) = await eventually(child)
    unknown = await ali.call("POST", f"/api/runs/{run_id}/signals/item", {})
    assert (unknown.status, unknown.code) == (422, "unknown_signal"), "it is not the loop that waits"
    assert (await ali.call("POST", f"/api/runs/{item}/signals/item", {"n": 1})).status == 202
    assert (await ended(ali, run_id))["status"] == "SUCCESS"
