"""The audit log: every request that changes something leaves an entry, and owners read it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from engine.errors import Unavailable
from engine.models.run import Role
from engine.tenancy import AuditEntry
from server.app import all_routes
from server.audit_trail import fingerprint
from server.doc_examples import WORKFLOW
from server.routing import READING
from tests.security.teams import Team, make_team, name_of
from tests.server.live import Live, Person, fail, sleep, webhook

HARMLESS = {"POST /api/workflows/validate", "POST /api/workflows/preview", "POST /api/schedules/preview"}
"""They answer a question."""
ITS_OWN_RECORD = re.compile(r"/api/(hooks|answers)/")
"""A webhook's run says by itself what came, and a signed address what was answered: in their journals."""


def test_every_route_that_changes_something_is_audited() -> None:
    """A new route is, without doing anything for it."""
    for route in all_routes():
        where = name_of(route)
        if where == "GET /api/oauth/callback":
            assert route.action == "secret.connected", "the provider sends a browser, which can only GET"
        elif route.method in READING or where in HARMLESS or ITS_OWN_RECORD.match(route.path):
            assert route.action is None, where
        else:
            assert route.action, where
    names = [route.audit for route in all_routes() if route.audit]
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+", name) for name in names)


async def entries(person: Person, **headers: str) -> list[dict[str, Any]]:
    answer = await person.call("GET", "/api/audit?limit=200", headers=headers)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json
    return found


async def make_changes(team: Team) -> list[tuple[str, str | None]]:
    """Each audited route of a workspace, done once by its owner; the names and targets that are to be found."""

    async def do(method: str, path: str, body: Any = None) -> Any:
        answer = await team.call("owner", method, path, body)
        assert answer.status < 300, (method, path, answer.body)
        return answer.json if answer.body else None

    workflow = await do("POST", "/api/workflows", WORKFLOW)
    path = f"/api/workflows/{workflow['id']}"
    await do("PUT", path, {**WORKFLOW, "name": "Other", "version": 1})
    await do("POST", f"{path}/versions/1/restore")
    ran = await do("POST", f"{path}/execute?wait=true", {"data": {"name": "A"}})
    again = await do("POST", f"/api/runs/{ran['id']}/rerun", {})
    await do("POST", "/api/workflows/try", {"document": WORKFLOW, "stepId": "greet", "data": {"name": "A"}})
    await do("DELETE", path)
    found: list[tuple[str, str | None]] = [
        ("workflow.create", workflow["id"]),
        ("workflow.save", workflow["id"]),
        ("workflow.restore", workflow["id"]),
        ("run.start", ran["id"]),
        ("run.rerun", again["id"]),
        ("step.try", ""),
        ("workflow.delete", workflow["id"]),
    ]
    broken = await do("POST", "/api/workflows", {"name": "f", "steps": [webhook("boom"), fail()]})
    failed = await do("POST", f"/api/workflows/{broken['id']}/execute?wait=true", {})
    (job,) = await do("GET", f"/api/workflows/{broken['id']}/jobs")
    retried = await do("POST", f"/api/workflows/jobs/{job['id']}/retry")
    found += [("workflow.create", broken["id"]), ("run.start", failed["id"]), ("job.retry", retried["id"])]
    long = await do("POST", "/api/workflows", {"name": "l", "steps": [webhook("sleep"), sleep()]})
    started = await do("POST", f"/api/workflows/{long['id']}/execute", {})
    await do("POST", f"/api/runs/{started['id']}/cancel")
    found += [("workflow.create", long["id"]), ("run.start", started["id"]), ("run.cancel", started["id"])]
    return found


async def use(team: Team) -> list[tuple[str, str | None]]:
    """The same for what workflows use: secrets, samples, pins, captures, schedules, addresses."""

    async def do(method: str, path: str, body: Any = None) -> Any:
        answer = await team.call("owner", method, path, body)
        assert answer.status < 300, (method, path, answer.body)
        return answer.json if answer.body else None

    await do("POST", "/api/secrets", {"name": "TOKEN", "value": "first-value"})
    await do("PUT", "/api/secrets/TOKEN", {"value": "second-value"})
    await do("POST", "/api/secrets/TOKEN/test")
    await do("DELETE", "/api/secrets/TOKEN")
    workflow = await do("POST", "/api/workflows", {**WORKFLOW, "scheduleCron": "0 0 1 1 *"})
    path, made = f"/api/workflows/{workflow['id']}", workflow["id"]
    (schedule,) = await do("GET", f"/api/schedules?workflowId={made}")
    where = f"{path}/schedules/{schedule['scheduleId']}"
    await do("POST", f"{where}/pause", {})
    await do("POST", f"{where}/resume")
    await do("PUT", f"{path}/samples/s", {"data": {"name": "A"}})
    await do("DELETE", f"{path}/samples/s")
    await do("PUT", f"{path}/pins/greet", {"output": {"x": 1}})
    await do("DELETE", f"{path}/pins/greet")
    await do("POST", f"{path}/capture", {})
    await do("DELETE", f"{path}/capture")
    await do("POST", f"{path}/hook/rotate", {})
    timed = f"{made}/{schedule['scheduleId']}"
    return [
        *((f"secret.{verb}", "TOKEN") for verb in ("create", "save", "test", "delete")),
        ("workflow.create", made),
        ("schedule.pause", timed),
        ("schedule.resume", timed),
        ("sample.keep", f"{made}/s"),
        ("sample.forget", f"{made}/s"),
        ("pin.keep", f"{made}/greet"),
        ("pin.forget", f"{made}/greet"),
        ("capture.start", made),
        ("capture.stop", made),
        ("hook.rotate", made),
    ]


async def administer(team: Team) -> list[tuple[str, str | None]]:
    """The same for what concerns the workspace itself."""

    async def do(method: str, path: str, body: Any = None) -> Any:
        answer = await team.call("owner", method, path, body)
        assert answer.status < 300, (method, path, answer.body)
        return answer.json if answer.body else None

    invited = await do("POST", "/api/invitations", {"email": "x@example.com"})
    await do("DELETE", f"/api/invitations/{invited['id']}")
    key = await do("POST", "/api/keys", {"name": "k", "scopes": ["runs:read"], "neverExpires": True})
    await do("DELETE", f"/api/keys/{key['id']}")
    viewer = team.people["viewer"].user.id
    await do("PUT", f"/api/members/{viewer}", {"role": "editor"})
    await do("DELETE", f"/api/members/{viewer}")
    await do("PUT", f"/api/workspaces/{team.workspace}", {"name": "New"})
    return [
        ("invitation.create", invited["id"]),
        ("invitation.delete", invited["id"]),
        ("key.create", key["id"]),
        ("key.delete", key["id"]),
        ("member.change", viewer),
        ("member.remove", viewer),
        ("workspace.rename", team.workspace),
    ]


async def test_each_kind_of_change_leaves_its_entry(server: Live) -> None:
    """As many entries as changes, in their order, each with who, where from, and what it was before and after."""
    team = await make_team(server)
    me = team.people["owner"]
    done = [entry["action"] for entry in await entries(me, **team.chosen)]
    assert done == ["member.join", "invitation.create"] * 3 + ["workspace.create"]
    expected = [*await make_changes(team), *await administer(team)]
    found = (await entries(me, **team.chosen))[: -len(done)][::-1]
    assert [(entry["action"], entry["target"]) for entry in found] == expected
    for entry in found:
        assert (entry["userId"], entry["address"], entry["workspaceId"]) == (me.user.id, "127.0.0.1", team.workspace)
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", entry["requestId"])
    created, saved, restored, deleted = found[0], found[1], found[2], found[6]
    assert created["before"] is None
    assert created["after"] == saved["before"]
    assert saved["after"] == restored["before"]
    assert len({created["after"], saved["after"], restored["after"]}) == 3
    assert deleted["before"] == restored["after"]
    assert deleted["after"] is None


async def test_what_workflows_use_leaves_entries_that_can_be_followed(server: Live) -> None:
    """What one entry leaves behind is what the next one finds; nothing secret can be worked out of a hash."""
    team = await make_team(server)
    me = team.people["owner"]
    before = len(await entries(me, **team.chosen))
    expected = await use(team)
    found = (await entries(me, **team.chosen))[:-before][::-1]
    assert [(entry["action"], entry["target"]) for entry in found] == expected
    by = {entry["action"]: entry for entry in found}
    for verbs in (("secret.create", "secret.save", "secret.delete"), ("schedule.pause", "schedule.resume")):
        for one, other in pairwise(verbs):
            assert by[one]["after"] == by[other]["before"] is not None
            assert by[one]["before"] != by[one]["after"]
    assert by["secret.delete"]["after"] is None
    assert by["sample.keep"]["after"] is not None


async def test_accounts_leave_entries_in_the_personal_workspace(server: Live) -> None:
    me = {"email": "me@example.com", "password": "abc123"}
    made = (await server.call("POST", "/api/auth/register", me)).json
    await server.call("POST", "/api/auth/login", {**me, "password": "wrong1"})
    session = (await server.call("POST", "/api/auth/login", me)).json
    renewed = (await server.call("POST", "/api/auth/refresh", {"refreshToken": session["refreshToken"]})).json
    changed = await server.call(
        "POST", "/api/me/password", {"current": "abc123", "new": "other123"}, token=renewed["token"]
    )
    token = changed.json["token"]
    await server.call("POST", "/api/auth/login", {**me, "password": "other123"})
    (other, _) = (await server.call("GET", "/api/me/sessions", token=token)).json
    assert (await server.call("DELETE", f"/api/me/sessions/{other['id']}", token=token)).status == 204
    found = (await server.call("GET", "/api/audit", token=token)).json[::-1]
    assert [entry["action"] for entry in found] == [
        "user.register",
        "session.begin",
        "session.renew",
        "user.password",
        "session.begin",
        "session.end",
    ]
    assert {entry["workspaceId"] for entry in found} == {made["user"]["id"]}
    assert found[-1]["target"] == other["id"]
    body = (await server.call("GET", "/api/audit", token=token)).body
    for secret in ("abc123", "other123", session["refreshToken"], token):
        assert secret.encode() not in body


async def test_what_fails_leaves_none(server: Live, ali: Person) -> None:
    await ali.call("POST", "/api/workflows", {"name": ""})
    await ali.call("DELETE", "/api/workflows/unknown")
    assert await entries(ali) == []


async def test_it_is_read_in_pages_and_by_what_one_looks_for(server: Live, ali: Person) -> None:
    ids = [await ali.save(webhook()) for _ in range(3)]
    await ali.call("DELETE", f"/api/workflows/{ids[0]}")
    first = await ali.call("GET", "/api/audit?limit=3")
    rest = await ali.call("GET", f"/api/audit?limit=3&cursor={first.headers['X-Next-Cursor']}")
    assert [len(first.json), len(rest.json)] == [3, 1]
    assert [e["action"] for e in await ali.get(f"/api/audit?target={ids[0]}")] == ["workflow.delete", "workflow.create"]
    assert len(await ali.get("/api/audit?action=workflow.create")) == 3
    assert await ali.get("/api/audit?userId=somebody") == []
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await ali.call(method, "/api/audit")).status == 405


async def test_administrators_read_all_and_what_they_do_is_written_where_it_happened(server: Live, ali: Person) -> None:
    """Row 41: the owner of a document hears of what an administrator did to it."""
    root = await server.person("root", Role.ADMIN)
    workflow = await ali.save(webhook())
    await root.call("DELETE", f"/api/workflows/{workflow}")
    (deleted, created) = await entries(ali)
    assert (deleted["userId"], deleted["action"]) == (root.user.id, "workflow.delete")
    assert created["userId"] == ali.user.id
    assert len(await entries(root)) == 2


async def test_a_change_the_log_cannot_take_is_told(server: Live, ali: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_entry: AuditEntry) -> None:
        raise Unavailable

    monkeypatch.setattr(server.parts.store.audit, "append", full)
    answer = await ali.call("POST", "/api/workflows", {"name": "w", "steps": [webhook()]})
    assert (answer.status, answer.code) == (503, "audit_unavailable")


def test_fingerprints_tell_documents_apart() -> None:
    assert fingerprint(None) is None
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
