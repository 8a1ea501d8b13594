"""Rows 20, 65, 66: no workspace takes more of what belongs to all than it may, and says so when it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.models.policy import Quotas as Own
from engine.models.run import Role
from engine.policy_rows import PolicyRow
from engine.stores.memory import MemoryStore
from server.policies import Policies
from server.quotas import BELIEVED_S, RECOUNT_S, Limits, QueueFull, Quotas, defaults_of, merged
from server.settings import Settings
from tests.contract.make import ME, YOU
from tests.server.live import Answer, Live, Person, eventually, greet, live, sleep, webhook

MANUAL = {"id": "m", "type": "TRIGGER", "ref": "manual", "next": "sleep"}


def refused(answer: Answer, status: int, quota: str) -> None:
    """The quota, how much it is, and what to do."""
    assert (answer.status, answer.code) == (status, "quota_exceeded")
    assert f"the quota '{quota}' of this workspace is " in answer.json["detail"]
    assert "flowdesk quotas set" in answer.json["hint"]


async def limit(admin: Person, workspace: str, **quotas: Any) -> Any:
    answer = await admin.call("PUT", f"/api/workspaces/{workspace}/quotas", quotas)
    assert answer.status == 200, answer.body
    return answer.json


async def test_one_workflow_too_many(server: Live, ali: Person) -> None:
    admin = await server.person("root", Role.ADMIN)
    await limit(admin, ali.user.id, workflows=2)
    kept = [await ali.save(MANUAL, sleep()) for _ in range(2)]
    document = {"name": "w", "steps": [webhook()]}
    refused(await ali.call("POST", "/api/workflows", document), 403, "workflows")
    assert (await ali.call("PUT", f"/api/workflows/{kept[0]}", document)).status == 200, (
        "another version is no other one"
    )
    assert (await admin.call("POST", "/api/workflows", document)).status == 201, "others have their own"
    assert (await ali.call("DELETE", f"/api/workflows/{kept[0]}")).status == 204
    await ali.save(webhook())


async def test_a_repetition_finds_its_run_although_the_queue_is_full(tmp_path: Path) -> None:
    """R6, rows 18 and 46: it starts nothing, so there is nothing to refuse."""
    async with live(tmp_path / "data", max_concurrent_runs=1) as server:
        ali, admin = await server.person("ali"), await server.person("root", Role.ADMIN)
        await limit(admin, ali.user.id, queued=1)
        flow = await ali.save(webhook("sleep"), sleep())
        hook, execute = f"/api/hooks/{flow}", f"/api/workflows/{flow}/execute"
        first = await server.call("POST", hook, {}, headers={"Idempotency-Key": "one"})
        refused(await server.call("POST", hook, {}, headers={"Idempotency-Key": "two"}), 429, "queued")
        again = await server.call("POST", hook, {}, headers={"Idempotency-Key": "one"})
        assert (again.status, again.json["runId"]) == (202, first.json["runId"])
        refused(await ali.call("POST", execute, {}, headers={"Idempotency-Key": "one"}), 429, "queued")
        for run in await ali.get("/api/runs"):
            await ali.call("POST", f"/api/runs/{run['id']}/cancel", {})


async def test_a_full_queue_is_full_for_one_workspace_only(tmp_path: Path) -> None:
    """Row 20: bounded for each, whether a webhook or a person starts its runs."""
    async with live(tmp_path / "data", max_concurrent_runs=1) as server:
        ali, ben = await server.person("ali"), await server.person("ben")
        admin = await server.person("root", Role.ADMIN)
        await limit(admin, ali.user.id, queued=3)
        flow = await ali.save(webhook("sleep"), sleep())
        answers = [await server.call("POST", f"/api/hooks/{flow}", {}) for _ in range(6)]
        assert [answer.status for answer in answers] == [202] * 3 + [429] * 3
        refused(answers[-1], 429, "queued")
        assert answers[-1].headers["Retry-After"] == "1"
        refused(await ali.call("POST", f"/api/workflows/{flow}/execute", {}), 429, "queued")
        other = await ben.save(webhook("greet"), greet())
        assert (await server.call("POST", f"/api/hooks/{other}", {})).status == 202
        for run in await ali.get("/api/runs"):
            await ali.call("POST", f"/api/runs/{run['id']}/cancel", {})

        async def room() -> bool:
            return (await server.call("POST", f"/api/hooks/{flow}", {})).status == 202

        assert await eventually(room)


async def test_a_body_that_is_too_large_for_its_workspace(server: Live, ali: Person) -> None:
    """Row 22: counted after decompression, and only for what starts runs."""
    await limit(await server.person("root", Role.ADMIN), ali.user.id, payloadBytes=2000)
    flow = await ali.save(webhook("greet"), greet())
    small, large = b'{"a": "' + b"x" * 1900 + b'"}', b'{"a": "' + b"x" * 2000 + b'"}'
    for path in (f"/api/hooks/{flow}", f"/api/workflows/{flow}/execute"):
        body = small if "hooks" in path else b'{"data": ' + small + b"}"
        assert (await ali.call("POST", path, raw=body)).status == 202
        refused(await ali.call("POST", path, raw=large), 413, "payloadBytes")


async def test_runs_beyond_the_quota_go_the_oldest_first(
    server: Live, ali: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 65."""
    monkeypatch.setattr("server.quotas.TRIM_AFTER", 1)
    await limit(await server.person("root", Role.ADMIN), ali.user.id, runs=3)
    flow = await ali.save(webhook("greet"), greet())
    runs = [(await ali.run(flow))["id"] for _ in range(8)]

    async def trimmed() -> bool:
        await ali.run(flow)
        return len(await ali.get("/api/runs")) <= 5

    assert await eventually(trimmed)
    left = {run["id"] for run in await ali.get("/api/runs")}
    assert not left & set(runs[:5])


async def test_quotas_are_shown_set_and_written_down(server: Live, ali: Person) -> None:
    admin = await server.person("root", Role.ADMIN)
    flow = await ali.save(webhook("greet"), greet())
    await ali.run(flow)
    assert await ali.get("/api/quota") == {
        "workspaceId": ali.user.id,
        "workflows": {"limit": None, "used": 1, "own": False},
        "runs": {"limit": None, "used": 1, "own": False},
        "queued": {"limit": None, "used": 0, "own": False},
        "payloadBytes": {"limit": None, "used": None, "own": False},
    }
    shown = await limit(admin, ali.user.id, workflows=5, payloadBytes=0)
    assert shown["workflows"] == {"limit": 5, "used": 1, "own": True}
    assert shown["payloadBytes"] == {"limit": None, "used": None, "own": True}
    assert await ali.get("/api/quota") == shown == await admin.get(f"/api/workspaces/{ali.user.id}/quotas")
    shared = (await ali.call("POST", "/api/workspaces", {"name": "ops"})).json["id"]
    assert (await limit(admin, shared, queued=1))["workspaceId"] == shared
    assert [entry["action"] for entry in await ali.get("/api/audit")][:1] == ["quotas.change"]
    assert (await ali.call("DELETE", f"/api/workspaces/{shared}")).status == 204
    assert await server.parts.store.policies.get(shared) is None


async def test_who_may_not_set_quotas_and_what_is_none(server: Live, ali: Person) -> None:
    """Row 41: administrators only, and for workspaces that are there."""
    path = f"/api/workspaces/{ali.user.id}/quotas"
    assert (await ali.call("PUT", path, {"workflows": 9})).code == "admin_only"
    assert (await ali.call("GET", path)).code == "admin_only"
    admin = await server.person("root", Role.ADMIN)
    assert (await admin.call("PUT", "/api/workspaces/nobody/quotas", {})).status == 404
    for body, field in (({"runs": -1}, "runs"), ({"workflow": 1}, "workflow"), ({"queued": "x"}, "queued")):
        bad = await admin.call("PUT", path, body)
        assert (bad.status, bad.json["problems"][0]["field"]) == (422, field)


class Watch:
    """A clock to be set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_flood_is_no_flood_of_queries() -> None:
    """Row 20: a queue is counted once a second, and twenty times a second while it is full."""
    store, watch = MemoryStore(), Watch()
    await store.policies.put(PolicyRow(ME, 1, {"quotas": {"queued": 3}}))
    asked: list[str] = []
    real = store.figures.count

    async def count(owner_id: str, what: Any, *, most: int) -> int:
        asked.append(owner_id)
        return await real(owner_id, what, most=most)

    store.figures.count = count  # type: ignore[method-assign]
    quotas = Quotas(Settings(), Policies(store.policies), store.figures, store.runs, monotonic=watch)
    for _ in range(3):
        await quotas.one_more_run(ME)
    for _ in range(100):
        with pytest.raises(QueueFull):
            await quotas.one_more_run(ME)
        await quotas.one_more_run(YOU)
    assert asked == [ME]
    watch.now += RECOUNT_S
    await quotas.one_more_run(ME)
    assert asked == [ME] * 2, "what was let in has begun by now"
    watch.now += BELIEVED_S
    await quotas.one_more_run(ME)
    assert asked == [ME] * 3


@pytest.mark.parametrize(
    ("given", "own", "limits"),
    [
        ({}, {}, Limits(0, 0, 0, 0)),
        ({"host": "0.0.0.0"}, {}, Limits(0, 0, 10_000, 0)),
        ({"host": "0.0.0.0", "quota_queued": 0, "quota_runs": 7}, {}, Limits(0, 7, 0, 0)),
        ({"quota_workflows": 7, "quota_payload_bytes": 9}, {"workflows": 0, "runs": 5}, Limits(0, 5, 0, 9)),
        ({"host": "0.0.0.0"}, {"queued": 0}, Limits(0, 0, 0, 0)),
    ],
)
def test_own_quotas_stand_before_the_servers(given: dict[str, Any], own: dict[str, int], limits: Limits) -> None:
    assert merged(Own(**own), defaults_of(Settings(**given))) == limits
