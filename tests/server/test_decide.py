"""A `once` step whose process died waits until somebody says what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.server.live import Live, Person, action, eventually, greet, live, sleep


async def waiting(server: Live, ali: Person) -> str:
    """The id of a run whose `once` step was under way when the server let go of it."""
    once = {**sleep("pay", next_step="greet"), "effect": "once"}
    run_id = await ali.start(await ali.save(once, greet()), name="Ali")

    async def under_way() -> bool:
        return bool((await ali.get(f"/api/runs/{run_id}"))["steps"][0]["status"] == "RUNNING")

    await eventually(under_way)
    await server.parts.engine.stop(grace_s=0)
    return run_id


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"outcome": "done", "data": {"paid": 1}}, "SUCCESS"),
        ({"outcome": "fail", "reason": "the bank says no"}, "FAILED"),
        ({"outcome": "again"}, "RUNNING"),
    ],
)
async def test_a_decision_lets_the_run_go_on(tmp_path: Path, given: dict[str, Any], status: str) -> None:
    async with live(tmp_path / "data") as first:
        run_id = await waiting(first, await first.person("ali"))
    async with live(tmp_path / "data") as server:
        user = await server.parts.store.users.by_email("ali@example.com")
        assert user is not None
        ali = Person(server, user, server.parts.tokens.issue(user))

        async def asked() -> Any:
            run = await ali.get(f"/api/runs/{run_id}")
            return run if run["waitingFor"] == "decision" else None

        run = await eventually(asked)
        assert run["status"] == "WAITING"
        (question,) = run["questions"]
        assert (question["stepId"], question["kind"]) == ("pay", "decision")
        assert question["outcomes"] == ["done", "again", "fail"]
        assert question["since"] >= run["startedAt"]
        assert "pay was under way" in question["message"]
        veli = await server.person("veli")
        body = {"stepId": "pay", **given}
        assert (await veli.call("POST", f"/api/runs/{run_id}/decide", body)).status == 404
        assert (await ali.call("POST", f"/api/runs/{run_id}/decide", body)).status == 202
        twice = await ali.call("POST", f"/api/runs/{run_id}/decide", body)
        assert (twice.status, twice.code) == (409, "already_decided")

        async def moved() -> bool:
            return bool((await ali.get(f"/api/runs/{run_id}"))["status"] == status)

        await eventually(moved)
        assert (await ali.get(f"/api/runs/{run_id}"))["questions"] == []
        if status == "FAILED":
            failed = await ali.get(f"/api/runs/{run_id}")
            assert failed["error"]["message"] == "decided to have failed: the bank says no"
            assert "decided: fail (the bank says no)" in [line["message"] for line in failed["logs"]]
        if status == "SUCCESS":
            assert (await ali.get(f"/api/runs/{run_id}"))["data"] == {"name": "Ali", "paid": 1, "greeting": "Hello Ali"}


@pytest.mark.parametrize(
    "body",
    [{}, {"stepId": "a"}, {"stepId": "a", "outcome": "May be"}, {"stepId": "../a", "outcome": "done"}]
    + [{"stepId": "a", "outcome": "done", "reason": reason} for reason in ("", "x" * 1001, 1)],
)
async def test_decisions_that_make_no_sense(ali: Person, body: Any) -> None:
    run = await ali.run(await ali.save(action("a", "core.log", params={"message": "hi"})))
    assert (await ali.call("POST", f"/api/runs/{run['id']}/decide", body)).status == 422


async def test_nothing_to_decide(ali: Person) -> None:
    run = await ali.run(await ali.save(greet()))
    answer = await ali.call("POST", f"/api/runs/{run['id']}/decide", {"stepId": "greet", "outcome": "done"})
    assert (answer.status, answer.code) == (409, "no_decision_awaited")
    gone = await ali.call("POST", f"/api/runs/{run['id']}/decide", {"stepId": "nobody", "outcome": "done"})
    assert (gone.status, gone.json["problems"][0]["field"]) == (422, "stepId")
