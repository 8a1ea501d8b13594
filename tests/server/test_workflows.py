"""Making, reading, saving and deleting workflows."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from engine.schedules.timetable import NEVER
from tests.server.live import UNKNOWN, Live, Person, action, greet, live, sleep, webhook

DRAFT: dict[str, Any] = {
    "name": "Welcome",
    "entryStepId": "hook",
    "tags": ["mail"],
    "steps": [
        webhook("greet"),
        {
            "id": "greet",
            "name": "Say hello",
            "type": "ACTION",
            "ref": "data.set",
            "params": {"values": {"greeting": "Hello {{name}}", "nothing": None}},
            "next": [{"to": "note", "when": "data.name != ''"}],
            "retry": {"maxAttempts": 3, "backoffMs": 1000},
            "stopOnFailure": False,
        },
        action("note", "core.log", params={"message": "hi"}),
    ],
}


async def test_a_document_is_read_back_as_it_was_written(ali: Person) -> None:
    created = await ali.call("POST", "/api/workflows", DRAFT)
    assert created.status == 201
    document = created.json
    assert created.headers["Location"] == f"/api/workflows/{document['id']}"
    assert (document["version"], document["ownerId"], document["enabled"]) == (1, ali.user.id, True)
    assert len(document["id"]) == 36
    assert document["createdAt"].endswith("Z")
    assert await ali.get(f"/api/workflows/{document['id']}") == document
    hook, greeting, note = document["steps"]
    assert hook["next"] == "greet"
    assert greeting["next"] == [{"to": "note", "when": "data.name != ''"}]
    assert greeting["params"] == DRAFT["steps"][1]["params"]
    assert greeting["stopOnFailure"] is False
    assert greeting["retry"]["maxAttempts"] == 3
    assert "next" not in note
    assert "scheduleCron" not in document


async def test_every_problem_is_told_at_once(ali: Person) -> None:
    broken = {
        "name": "",
        "stepz": [],
        "scheduleCron": "never",
        "steps": [
            action("a", "http.requst", "b"),
            action("b", "core.log", "nowhere", params={"massage": "x"}),
            action("b", "data.pick", params={"expression": "1 +"}),
        ],
    }
    answer = await ali.call("POST", "/api/workflows", broken)
    assert (answer.status, answer.code) == (422, "invalid_workflow")
    problems = answer.json["problems"]
    assert len(problems) >= 4, problems
    checked = await ali.call("POST", "/api/workflows/validate", broken)
    assert checked.status == 200
    assert checked.json == {"valid": False, "problems": problems}


async def test_a_good_document_validates(ali: Person) -> None:
    answer = await ali.call("POST", "/api/workflows/validate", DRAFT)
    assert answer.json == {"valid": True, "problems": []}
    assert await ali.get("/api/workflows") == []


@pytest.mark.parametrize("body", [[], 1, "text", None, True])
async def test_what_is_no_document_at_all_is_told_so(ali: Person, body: Any) -> None:
    raw = json.dumps(body).encode()
    answer = await ali.call("POST", "/api/workflows", raw=raw)
    assert answer.status == 422
    assert (await ali.call("POST", "/api/workflows/validate", raw=raw)).json["valid"] is False


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b'{"name": NaN}', b'{"a":"\xff"}', b'{"a":"\\ud800"}', b"[" * 3000, b'{"a":' + b"9" * 5000 + b"}"],
)
async def test_bytes_that_are_no_json_are_refused(ali: Person, raw: bytes) -> None:
    """Row 23: bad JSON of any kind is 400, wherever a body is read."""
    workflow_id = await ali.save(greet())
    places = [
        ("POST", "/api/workflows"),
        ("POST", "/api/workflows/validate"),
        ("PUT", f"/api/workflows/{workflow_id}"),
        ("POST", f"/api/workflows/{workflow_id}/execute"),
        ("POST", f"/api/runs/{UNKNOWN}/rerun"),
    ]
    for method, path in places:
        answer = await ali.call(method, path, raw=raw)
        if raw or not path.endswith(("/execute", "/rerun")):  # an empty body is fine there
            assert answer.status == 400, (path, answer.body)
            assert answer.code


async def test_a_giant_body_is_refused(tmp_path: Path) -> None:
    """Row 22: more than the limit is 413 as a problem document."""
    async with live(tmp_path / "data", max_body_bytes=2048) as server:
        ali = await server.person("ali")
        answer = await ali.call("POST", "/api/workflows", {"name": "w", "description": "x" * 3000, "steps": []})
        assert (answer.status, answer.code) == (413, "too_large")


async def test_fields_of_the_server_cannot_be_assigned(server: Live, ali: Person) -> None:
    """Row 42: id, owner and version of a sent document are ignored."""
    other = await server.person("other")
    mine = {"id": "mine", "ownerId": other.user.id, "version": 7, "createdAt": 1, "updatedAt": 1}
    created = (await ali.call("POST", "/api/workflows", {**DRAFT, **mine})).json
    assert created["id"] != "mine"
    assert (created["ownerId"], created["version"]) == (ali.user.id, 1)
    theirs = {**created, "ownerId": other.user.id, "createdAt": "2001-01-01T00:00:00Z"}
    saved = (await ali.call("PUT", f"/api/workflows/{created['id']}", theirs)).json
    assert (saved["ownerId"], saved["createdAt"], saved["id"]) == (ali.user.id, created["createdAt"], created["id"])
    role = await ali.call("POST", "/api/workflows", {**DRAFT, "role": "admin"})
    assert role.status == 422
    assert role.json["problems"][0]["code"] == "unknown_field"


async def test_saving_makes_versions_and_notices_others(ali: Person) -> None:
    workflow_id = await ali.save(greet())
    path = f"/api/workflows/{workflow_id}"
    first = await ali.get(path)
    second = await ali.call("PUT", path, {**first, "name": "second"})
    assert (second.status, second.json["version"], second.json["name"]) == (200, 2, "second")
    stale = await ali.call("PUT", path, {**first, "name": "stale"})
    assert (stale.status, stale.code) == (409, "version_conflict")
    assert (await ali.get(path))["name"] == "second"
    for version in ("2", True, 1.5):
        assert (await ali.call("PUT", path, {**first, "version": version})).status == 422


async def test_saves_without_a_version_follow_each_other(ali: Person) -> None:
    """Whoever does not say what was fetched replaces what is there, whatever happens meanwhile."""
    workflow_id = await ali.save(greet())
    draft = {"name": "w", "steps": [greet()]}
    answers = await asyncio.gather(*(ali.call("PUT", f"/api/workflows/{workflow_id}", draft) for _ in range(4)))
    assert sorted(answer.json["version"] for answer in answers) == [2, 3, 4, 5]


async def test_lists_are_filtered_and_paged(ali: Person) -> None:
    ids = [await ali.save(greet(), name=f"Workflow {n}", tags=["odd" if n % 2 else "even"]) for n in range(5)]
    await ali.save(greet(), name="off", enabled=False)
    assert [w["name"] for w in await ali.get("/api/workflows?enabled=false")] == ["off"]
    assert {w["id"] for w in await ali.get("/api/workflows?tag=odd")} == {ids[1], ids[3]}
    assert [w["id"] for w in await ali.get("/api/workflows?text=FLOW%203")] == [ids[3]]
    seen: list[str] = []
    path = "/api/workflows?limit=2&text=workflow"
    while path:
        answer = await ali.call("GET", path)
        assert len(answer.json) <= 2
        seen += [w["id"] for w in answer.json]
        link = answer.headers.get("Link", "")
        assert ("X-Next-Cursor" in answer.headers) == bool(link)
        path = link.partition(">")[0].removeprefix("<")
    assert seen == sorted(ids, reverse=True)  # by the time in them; within one millisecond by chance


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "enabled=maybe", "sort=name;drop", "cursor=%00nonsense", "cursor=' OR 1=1 --"],
)
async def test_bad_queries_are_refused(ali: Person, query: str) -> None:
    """Row 55: nothing of a query reaches the database unchecked."""
    answer = await ali.call("GET", f"/api/workflows?{query}")
    assert answer.status in (400, 422)
    assert answer.code


@pytest.mark.parametrize("text", ["%", "_", "' OR 1=1 --", '{"$gt":""}', "\\"])
async def test_filters_are_values(ali: Person, text: str) -> None:
    """Row 54: operators and wildcards in a filter are looked for as they are."""
    await ali.save(greet(), name="plain")
    found = await ali.call("GET", "/api/workflows?text=" + "".join(f"%{byte:02X}" for byte in text.encode()))
    assert (found.status, found.json) == (200, [])


async def test_deleting_leaves_running_runs_alone(ali: Person) -> None:
    """Row 29: a run goes on with the version it started with when its workflow is deleted."""
    workflow_id = await ali.save(sleep("first", 300, "after"), action("after", "core.log", params={"message": "still"}))
    run_id = await ali.start(workflow_id)
    assert (await ali.call("DELETE", f"/api/workflows/{workflow_id}")).status == 204
    assert (await ali.call("GET", f"/api/workflows/{workflow_id}")).status == 404
    assert (await ali.call("POST", f"/api/workflows/{workflow_id}/execute", {})).status == 404
    assert "event: end" in (await ali.call("GET", f"/api/runs/{run_id}/events")).body.decode()
    run = await ali.get(f"/api/runs/{run_id}")
    assert (run["status"], run["workflowName"]) == ("SUCCESS", "w")
    assert (await ali.call("DELETE", f"/api/workflows/{workflow_id}")).status == 404


async def test_a_run_keeps_the_version_it_started_with(ali: Person) -> None:
    """Row 30: saving a workflow changes nothing about runs under way."""
    workflow_id = await ali.save(sleep("first", 300, "after"), action("after", "data.set", params={"values": {"v": 1}}))
    run_id = await ali.start(workflow_id)
    later = {
        "name": "w",
        "steps": [sleep("first", 1, "after"), action("after", "data.set", params={"values": {"v": 2}})],
    }
    assert (await ali.call("PUT", f"/api/workflows/{workflow_id}", later)).json["version"] == 2
    await ali.call("GET", f"/api/runs/{run_id}/events")
    run = await ali.get(f"/api/runs/{run_id}")
    assert (run["workflowVersion"], run["data"]["v"]) == (1, 1)
    assert (await ali.run(workflow_id))["data"]["v"] == 2


async def test_schedules_follow_the_document(tmp_path: Path) -> None:
    async with live(tmp_path / "data", timezone="Asia/Kathmandu") as server:
        ali = await server.person("ali")
        tick = {"id": "tick", "type": "TRIGGER", "ref": "schedule.cron", "next": "greet"}
        zoned = {**tick, "params": {"cron": "0 9 * * *", "timezone": "Europe/Berlin"}}
        workflow_id = await ali.save(zoned, greet(), scheduleCron="*/5 * * * *")
        document = await ali.get(f"/api/workflows/{workflow_id}")
        assert document["timezone"] == "Asia/Kathmandu"
        rows = await ali.get(f"/api/schedules?workflowId={workflow_id}")
        assert {(row["scheduleId"], row["timezone"], row["stepId"]) for row in rows} == {
            ("cron", "Asia/Kathmandu", None),
            ("step:tick", "Europe/Berlin", "tick"),
        }
        for row in rows:
            assert len(row["upcoming"]) == 5
            assert row["upcoming"] == sorted(set(row["upcoming"]))
            assert row["nextAt"] == row["upcoming"][0]
            assert row["workflowName"] == "w"
        await ali.call("PUT", f"/api/workflows/{workflow_id}", {**document, "enabled": False})
        rows = await ali.get("/api/schedules")
        assert [(row["state"], row["nextAt"], row["upcoming"]) for row in rows] == [("disabled", None, [])] * 2
        assert await server.parts.store.schedules.due(NEVER - 1, limit=9) == []


async def test_no_zone_is_written_where_no_clock_matters(ali: Person) -> None:
    workflow_id = await ali.save(greet())
    assert "timezone" not in await ali.get(f"/api/workflows/{workflow_id}")


@pytest.mark.parametrize(
    "more",
    [
        {"scheduleCron": "61 * * * *"},
        {"scheduleCron": "0 0 30 2 *"},
        {"scheduleCron": "* * * * *", "timezone": "Mars/Olympus"},
        {"scheduleCron": "1#2/3 * * * *"},
    ],
)
async def test_schedules_that_cannot_be_are_refused(ali: Person, more: dict[str, str]) -> None:
    """Row 14: an invalid cron, one that never fires and an unknown zone are refused at save."""
    answer = await ali.call("POST", "/api/workflows", {"name": "w", "steps": [greet()], **more})
    assert (answer.status, answer.code) == (422, "invalid_workflow")


async def test_a_workflow_that_is_named_must_be_ones_own(server: Live, ali: Person) -> None:
    mine, theirs = [await who.save(greet()) for who in (ali, await server.person("berta"))]
    call = {"id": "call", "ref": "flow.call", "params": {"workflow": theirs}}
    document = {"name": "", "steps": [call], "onFailure": UNKNOWN}
    refused = await ali.call("POST", "/api/workflows", document)
    assert refused.status == 422
    told = {(one.get("stepId"), one["field"], one["code"]) for one in refused.json["problems"]}
    assert told == {
        (None, "name", "bad_value"),
        ("call", "params.workflow", "unknown_workflow"),
        (None, "onFailure", "unknown_workflow"),
    }
    checked = await ali.call("POST", "/api/workflows/validate", document)
    assert len(checked.json["problems"]) == 3
    await ali.save(call | {"params": {"workflow": mine}}, onFailure=mine)
