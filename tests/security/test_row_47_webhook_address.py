"""Row 47: a webhook's address is long and random, a credential, and can be replaced."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from engine.clock import now_ms
from engine.stores.memory import MemoryStore
from server.hooks.addresses import PREFIX, HookAddresses
from server.logs import JsonLines, LineHandler
from server.metrics.exposition import render
from tests.security.canary import shown_in_database, shows
from tests.server.hooks.policies import document
from tests.server.live import UNKNOWN, Live, Person, greet, live, webhook


async def _addresses(person: Person, workflow_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person.get(f"/api/workflows/{workflow_id}/hook"))["addresses"]
    return found


def _path(server: Live, address: dict[str, Any]) -> str:
    url: str = address["url"]
    assert url.startswith(f"{server.url}/api/hooks/")
    return url.removeprefix(server.url)


async def test_an_address_of_its_own_is_made_with_the_workflow_and_the_id_leads_nowhere(
    server: Live, ali: Person
) -> None:
    """Row 47: at least 128 random bits; unknown, disabled and closed are told alike."""
    workflow_id = await ali.save(webhook("greet", address="own"), greet())
    (address,) = await _addresses(ali, workflow_id)
    path = _path(server, address)
    random = path.removeprefix(f"/api/hooks/{PREFIX}")
    assert len(random) >= 43  # 256 bits in base64
    assert workflow_id not in path
    assert (await server.call("POST", path, {})).status == 202
    off = await ali.save(webhook("greet", address="own"), greet(), enabled=False)
    (closed,) = await _addresses(ali, off)
    answers = [
        await server.call(method, where, raw=b"{}" if method == "POST" else None)
        for where in (
            f"/api/hooks/{workflow_id}",
            f"/api/hooks/{workflow_id}/test",
            _path(server, closed),
            f"{path}/test",
            f"/api/hooks/{PREFIX}{'A' * 43}",
            f"/api/hooks/{PREFIX}{'A' * 4000}",
            f"/api/hooks/{PREFIX}%00",
            f"/api/hooks/{UNKNOWN}/test",
        )
        for method in ("POST", "GET")
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({(answer.code, answer.json["detail"], answer.json["hint"]) for answer in answers}) == 1


async def test_an_address_is_replaced_at_once_or_after_a_while(server: Live, ali: Person) -> None:
    """Row 47: the old one ends when the new one begins, unless somebody asked for some time; the audit log knows."""
    workflow_id = await ali.save(webhook("greet", address="own"), greet())
    rotate = f"/api/workflows/{workflow_id}/hook/rotate"
    (first,) = await _addresses(ali, workflow_id)
    assert (await server.call("POST", _path(server, first), {})).status == 202
    answer = await ali.call("POST", rotate)
    assert answer.status == 201, answer.body
    (second,) = answer.json["addresses"]
    assert (await server.call("POST", _path(server, first), {})).status == 404
    assert (await server.call("POST", _path(server, second), {})).status == 202
    third, kept = (await ali.call("POST", rotate, {"graceSeconds": 600})).json["addresses"]
    assert (kept["url"], third["endsAt"]) == (second["url"], None)
    assert kept["endsAt"] is not None
    for address in (second, third):
        assert (await server.call("POST", _path(server, address), {})).status == 202
    bad = await ali.call("POST", rotate, {"graceSeconds": -1})
    assert (bad.status, bad.json["problems"][0]["field"]) == (422, "graceSeconds")
    entries = [entry for entry in await ali.get("/api/audit") if entry["action"] == "hook.rotate"]
    assert [entry["target"] for entry in entries] == [workflow_id] * 2
    assert not any(shows(str(entries), address["url"]) for address in (first, second, third))


async def test_addresses_are_for_who_may_change_the_workflow(server: Live, ali: Person) -> None:
    """Rows 41 and 47."""
    workflow_id = await ali.save(webhook("greet", address="own"), greet())
    mia = await server.person("mia")
    for method, path in (("GET", "hook"), ("POST", "hook/rotate")):
        answer = await mia.call(method, f"/api/workflows/{workflow_id}/{path}")
        assert (answer.status, answer.code) == (404, "not_found")
    hookless = await ali.save(greet())
    assert (await ali.call("GET", f"/api/workflows/{hookless}/hook")).status == 404


async def test_an_address_beside_the_id_and_both_after_a_deletion(server: Live, ali: Person) -> None:
    """Row 47: moving to a secret address loses no call, and what is deleted is gone."""
    workflow_id = await ali.save(webhook("greet"), greet())
    (plain,) = await _addresses(ali, workflow_id)
    assert _path(server, plain) == f"/api/hooks/{workflow_id}"
    own, _ = (await ali.call("POST", f"/api/workflows/{workflow_id}/hook/rotate")).json["addresses"]
    for address in (own, plain):
        assert (await server.call("POST", _path(server, address), {})).status == 202
    assert (await ali.call("DELETE", f"/api/workflows/{workflow_id}")).status == 204
    for address in (own, plain):
        assert (await server.call("POST", _path(server, address), {})).status == 404


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Everything that is logged in this process meanwhile."""
    lines: list[str] = []

    class Lines:
        def write(self, line: str) -> None:
            lines.append(line)

    root = logging.getLogger()
    handler = LineHandler(Lines())  # type: ignore[arg-type]
    handler.setFormatter(JsonLines())
    levels = {name: logging.getLogger(name).level for name in ("", "flowdesk", "aiohttp.access", "aiohttp.server")}
    root.addHandler(handler)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


async def test_an_address_is_written_nowhere(tmp_path: Path, logged: list[str]) -> None:
    """Rows 47 and 48: not in logs, metrics, errors or the database, whether the call goes well or not."""
    async with live(tmp_path / "data") as server:
        ali = await server.person("ali")
        workflow_id = await ali.save(webhook("greet", address="own", methods=["POST"], maxBytes=10), greet())
        (address,) = await _addresses(ali, workflow_id)
        path = _path(server, address)
        canary = path.removeprefix("/api/hooks/")
        calls = [
            await server.call("POST", path, {}),
            await server.call("PUT", path, {}),
            await server.call("POST", path, raw=b"{", headers={"Content-Type": "application/json"}),
            await server.call("POST", path, raw=b"x" * 11),
            await server.call("POST", f"{path}/test", {}),
            await server.call("POST", f"{path}/no/such", {}),
            await server.call("POST", path, {}, headers={"Idempotency-Key": "x" * 300}),
        ]
        assert [answer.status for answer in calls] == [202, 405, 400, 413, 404, 404, 422]
        assert [answer.status for answer in calls if shows(answer.body, canary)] == []
        run = await ali.call("GET", f"/api/runs/{calls[0].json['runId']}/journal")
        assert shows(run.body, canary) is None
        assert shows(render(server.parts.metrics.meters.families()), canary) is None
    assert len(logged) >= 6
    assert [line for line in logged if shows(line, canary)] == []
    assert shown_in_database(tmp_path / "data" / "flowdesk.db", canary) == []


async def test_addresses_end_in_time_and_outlive_the_key() -> None:
    """Row 47: a grace ends, and a changed key of the installation hides an address without closing it."""
    store, times = MemoryStore(), {"now": now_ms(), "mono": 0.0}
    workflow: Any = type("W", (), {"id": "w1", "owner_id": "o", "steps": document({})["steps"]})()

    def made(key: bytes) -> HookAddresses:
        return HookAddresses(
            store.credentials, key, clock=lambda: int(times["now"]), monotonic=lambda: float(times["mono"])
        )

    addresses = made(b"k" * 32)
    first = await addresses.rotate(workflow, grace_ms=0)
    second = await addresses.rotate(workflow, grace_ms=1000)
    assert first.path is not None
    assert second.path is not None
    assert await addresses.find(first.path) == "w1"
    times["now"] += 1000
    assert await addresses.find(first.path) is None
    assert [one.path for one in await addresses.of("w1")] == [second.path]
    other_key = made(b"x" * 32)
    assert await other_key.find(second.path) == "w1"
    assert [one.path for one in await other_key.of("w1")] == [None]


async def test_old_addresses_do_not_pile_up() -> None:
    """Row 47: of those with a grace only so many are good at once."""
    store = MemoryStore()
    workflow: Any = type("W", (), {"id": "w1", "owner_id": "o", "steps": []})()
    ticks = count(now_ms())
    addresses = HookAddresses(store.credentials, b"k" * 32, clock=lambda: next(ticks))
    paths = [(await addresses.rotate(workflow, grace_ms=60_000)).path for _ in range(23)]
    assert [one.path for one in await addresses.of("w1")] == paths[:2:-1]
