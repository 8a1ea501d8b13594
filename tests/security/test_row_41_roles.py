"""The role matrix over every route: who may do what in a workspace, enforced by the server."""

from __future__ import annotations

import re

import pytest

from server.app import all_routes
from server.doc_examples import WORKFLOW
from server.routing import Route
from tests.security.teams import Team, body_of, locked_routes, make_team, name_of
from tests.server.live import UNKNOWN, Answer, Live, Person

ROLES = ["viewer", "operator", "editor", "owner"]

# What the server promises, written down a second time by hand: the least role, or who may call it in no workspace.
LEAST = {
    "GET /api/server": "anybody",
    "GET /api/me": "anybody",
    "GET /api/steps": "anybody",
    "GET /api/steps/{ref}": "anybody",
    "GET /api/plugins": "anybody",
    "POST /api/workflows/validate": "present",
    "GET /api/workspaces": "anybody",
    "POST /api/auth/logout": "person",
    "POST /api/me/password": "person",
    "GET /api/me/sessions": "person",
    "DELETE /api/me/sessions/{id}": "person",
    "POST /api/workspaces": "person",
    "POST /api/invitations/accept": "person",
    "GET /api/keys": "person",
    "POST /api/keys": "person",
    "DELETE /api/keys/{id}": "person",
    "GET /api/workflows": "viewer",
    "GET /api/workflows/{id}": "viewer",
    "GET /api/workflows/{id}/versions": "viewer",
    "GET /api/workflows/{id}/versions/{n}": "viewer",
    "GET /api/workflows/{id}/versions/{a}/diff/{b}": "viewer",
    "GET /api/workflows/{id}/logs": "viewer",
    "GET /api/workflows/{id}/jobs": "viewer",
    "GET /api/workflows/{id}/events": "viewer",
    "GET /api/workflows/stats": "viewer",
    "GET /api/stats": "viewer",
    "GET /api/schedules": "viewer",
    "GET /api/events": "viewer",
    "GET /api/runs": "viewer",
    "GET /api/runs/{id}": "viewer",
    "GET /api/runs/{id}/journal": "viewer",
    "GET /api/runs/{id}/blobs/{ref}": "viewer",
    "GET /api/runs/{id}/events": "viewer",
    "GET /api/runs/{id}/questions": "present",
    "POST /api/runs/{id}/signals/{name}": "operator",
    "GET /api/workflows/{id}/samples": "viewer",
    "PUT /api/workflows/{id}/samples/{name}": "editor",
    "DELETE /api/workflows/{id}/samples/{name}": "editor",
    "GET /api/workflows/{id}/pins": "viewer",
    "PUT /api/workflows/{id}/pins/{name}": "editor",
    "DELETE /api/workflows/{id}/pins/{name}": "editor",
    "POST /api/workflows/{id}/capture": "editor",
    "GET /api/workflows/{id}/capture": "viewer",
    "DELETE /api/workflows/{id}/capture": "editor",
    "GET /api/workflows/{id}/hook": "editor",
    "POST /api/workflows/{id}/hook/rotate": "editor",
    "POST /api/runs/{id}/move": "operator",
    "POST /api/schedules/preview": "viewer",
    "GET /api/workflows/{id}/schedules/{scheduleId}": "viewer",
    "GET /api/workflows/{id}/schedules/{scheduleId}/preview": "viewer",
    "POST /api/workflows/{id}/schedules/{scheduleId}/pause": "operator",
    "POST /api/workflows/{id}/schedules/{scheduleId}/resume": "operator",
    "POST /api/workflows/{id}/schedules/{scheduleId}/backfill": "operator",
    "GET /api/secrets": "editor",
    "POST /api/secrets": "editor",
    "GET /api/secrets/{name}": "editor",
    "PUT /api/secrets/{name}": "editor",
    "DELETE /api/secrets/{name}": "editor",
    "POST /api/secrets/{name}/test": "editor",
    "POST /api/secrets/{name}/connect": "editor",
    "GET /api/jobs": "viewer",
    "GET /api/jobs/{jobId}": "viewer",
    "GET /api/members": "viewer",
    "POST /api/workflows/{id}/execute": "operator",
    "POST /api/runs/{id}/cancel": "operator",
    "POST /api/runs/{id}/rerun": "operator",
    "POST /api/runs/{id}/decide": "operator",
    "POST /api/workflows/jobs/{jobId}/retry": "operator",
    "POST /api/workflows": "editor",
    "PUT /api/workflows/{id}": "editor",
    "DELETE /api/workflows/{id}": "editor",
    "POST /api/workflows/{id}/versions/{n}/restore": "editor",
    "POST /api/workflows/preview": "editor",
    "POST /api/workflows/try": "editor",
    "PUT /api/members/{userId}": "owner",
    "DELETE /api/members/{userId}": "owner",
    "GET /api/invitations": "owner",
    "POST /api/invitations": "owner",
    "DELETE /api/invitations/{id}": "owner",
    "GET /api/audit": "owner",
    "GET /api/audit/findings": "owner",
    "PUT /api/workspaces/{id}": "owner",
    "GET /api/quota": "viewer",
    "GET /api/egress": "viewer",
    "PUT /api/egress": "owner",
    "DELETE /api/workspaces/{id}": "owner",
}


def least(route: Route) -> str | None:
    """What the table says."""
    return LEAST.get(name_of(route))


def address(route: Route, workspace: str) -> str:
    """The route's path with ids nobody knows, but for that of the workspace."""
    path = route.path.replace("{id}", workspace) if route.within else route.path
    return re.sub(r"\{\w+\}", UNKNOWN, path)


async def ask(person: Person, team: Team, route: Route) -> Answer:
    """One request in the team's workspace; a stream is opened and left."""
    path = address(route, team.workspace)
    if path.endswith("/events"):
        headers = {"Authorization": f"Bearer {person.token}", **team.chosen}
        async with person.live.session.get(person.live.url + path, headers=headers) as response:
            body = b"" if response.status == 200 else await response.read()
            return Answer(response.status, response.headers.copy(), body)
    return await person.call(route.method, path, body_of(route), headers=team.chosen)


def test_every_route_says_what_it_needs() -> None:
    """Row 41: a new route comes with its place in the matrix, and exactly one of the three kinds of lock."""
    for route in all_routes():
        assert route.public + route.admin + (route.needs is not None) == 1, f"{name_of(route)} says not who may use it"
    assert [name_of(route) for route in locked_routes() if least(route) is None] == []
    assert set(LEAST) <= {name_of(route) for route in locked_routes()}


async def test_each_role_may_do_what_the_matrix_says_and_no_more(server: Live) -> None:
    """Row 41: members without the role get 403 and are told which one it takes; others cannot tell it is there."""
    team = await make_team(server)
    for route in locked_routes():
        needed = least(route)
        where = name_of(route)
        if needed is None or needed in ("anybody", "person", "present"):
            continue
        for role in ROLES:
            answer = await ask(team.people[role], team, route)
            if ROLES.index(role) < ROLES.index(needed):
                assert (answer.status, answer.code) == (403, "role_too_low"), (where, role)
                assert f"the role {needed}" in answer.json["detail"], (where, role)
                assert f"yours is {role}" in answer.json["detail"]
            else:
                assert answer.status not in (401, 403), (where, role, answer.body)
                assert answer.status < 500, (where, role, answer.body)


async def test_strangers_cannot_tell_a_workspace_from_none(server: Live) -> None:
    """Row 41: every route that concerns a workspace answers a stranger as if it were not there."""
    team = await make_team(server)
    checked = 0
    for route in locked_routes():
        if least(route) in ("anybody", None):
            continue
        nowhere = Team(UNKNOWN, team.people, team.stranger)
        foreign, unknown = await ask(team.stranger, team, route), await ask(team.stranger, nowhere, route)
        assert (foreign.status, foreign.code) == (404, "not_found"), name_of(route)
        del (first := foreign.json)["requestId"], (second := unknown.json)["requestId"]
        assert first == second, name_of(route)
        checked += 1
    assert checked > 40


async def test_what_is_made_in_a_workspace_is_its_members_and_nobody_elses(server: Live) -> None:
    """Row 41: documents, runs and lists of two tenants never mix, though the same person is in both."""
    team, other = await make_team(server), await make_team(server, "Dev")
    made = await team.call("editor", "POST", "/api/workflows", WORKFLOW)
    assert (made.status, made.json["ownerId"]) == (201, team.workspace)
    workflow = made.json["id"]
    ran = await team.call("operator", "POST", f"/api/workflows/{workflow}/execute?wait=true", {"data": {"name": "A"}})
    assert ran.status == 200, ran.body
    for path in ("/api/workflows", "/api/runs"):
        assert len((await team.call("viewer", "GET", path)).json) == 1
        assert (await other.call("viewer", "GET", path)).json == []
        assert (await team.people["editor"].call("GET", path)).json == []  # the personal one
    for person, headers in ((team.people["editor"], {}), (other.people["owner"], other.chosen)):
        for path in (f"/api/workflows/{workflow}", f"/api/runs/{ran.json['id']}"):
            assert (await person.call("GET", path, headers=headers)).status == 404
    hook = await server.call("POST", f"/api/hooks/{workflow}", {"name": "B"})
    assert hook.status == 202
    runs = (await team.call("viewer", "GET", "/api/runs")).json
    assert {run["id"] for run in runs} >= {ran.json["id"], hook.json["runId"]}


async def test_a_workspace_is_chosen_by_id_or_name(server: Live) -> None:
    team = await make_team(server)
    person = team.people["viewer"]
    for name in (team.workspace, "Ops", " oPS "):
        answer = await person.call("GET", "/api/members", headers={"X-FlowDesk-Workspace": name.strip()})
        assert len(answer.json) == 4
    for name in ("personal", person.user.id, ""):
        (alone,) = (await person.call("GET", "/api/members", headers={"X-FlowDesk-Workspace": name})).json
        assert alone["userId"] == person.user.id
    second = await make_team(server, "ops")
    invited = await second.call("owner", "POST", "/api/invitations", {"email": person.user.email})
    await person.call("POST", "/api/invitations/accept", {"invitation": invited.json["code"]})
    both = await person.call("GET", "/api/members", headers={"X-FlowDesk-Workspace": "Ops"})
    assert (both.status, both.code) == (409, "ambiguous_name")
    assert second.workspace in both.json["hint"]


async def test_membership_ends_at_once_and_takes_keys_with_it(server: Live) -> None:
    """Row 41: whoever was let go sees nothing more, neither by token nor by API key."""
    team = await make_team(server)
    editor = team.people["editor"]
    key = (await team.call("editor", "POST", "/api/keys", {"name": "k", "scopes": ["runs:read"], "days": 1})).json
    assert (await server.call("GET", "/api/runs", token=key["key"])).status == 200
    assert (await team.call("viewer", "DELETE", f"/api/members/{editor.user.id}")).code == "role_too_low"
    assert (await team.call("owner", "DELETE", f"/api/members/{editor.user.id}")).status == 204
    assert (await team.call("editor", "GET", "/api/runs")).status == 404
    assert (await server.call("GET", "/api/runs", token=key["key"])).status == 401
    leaver = team.people["viewer"].user.id
    assert (await team.call("viewer", "DELETE", f"/api/members/{leaver}")).status == 204
    assert (await team.call("viewer", "GET", "/api/runs")).status == 404


async def test_a_workspace_keeps_an_owner(server: Live) -> None:
    team = await make_team(server)
    owner, editor = team.people["owner"].user.id, team.people["editor"].user.id
    for method, body in (("PUT", {"role": "viewer"}), ("DELETE", None)):
        answer = await team.call("owner", method, f"/api/members/{owner}", body)
        assert (answer.status, answer.code) == (409, "last_owner")
    assert (await team.call("owner", "PUT", f"/api/members/{editor}", {"role": "owner"})).json["role"] == "owner"
    assert (await team.call("owner", "PUT", f"/api/members/{owner}", {"role": "viewer"})).status == 200
    assert (await team.call("owner", "GET", "/api/audit")).code == "role_too_low"


async def test_only_an_empty_workspace_is_removed(server: Live) -> None:
    team = await make_team(server)
    made = (await team.call("owner", "POST", "/api/workflows", WORKFLOW)).json
    path = f"/api/workspaces/{team.workspace}"
    assert (await team.call("owner", "DELETE", path)).code == "not_empty"
    await team.call("owner", "DELETE", f"/api/workflows/{made['id']}")
    assert (await team.call("owner", "DELETE", path)).status == 204
    assert (await team.call("owner", "GET", "/api/workflows")).status == 404
    personal = team.people["owner"].user.id
    for method, body in (("PUT", {"name": "x"}), ("DELETE", None)):
        answer = await team.people["owner"].call(method, f"/api/workspaces/{personal}", body)
        assert (answer.status, answer.code) == (409, "personal_workspace")


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\nb", "a\u202eb", "Personal", 5, None, {"$ne": 1}])
async def test_names_of_workspaces_can_be_told_apart(server: Live, ali: Person, name: object) -> None:
    """Row 54."""
    answer = await ali.call("POST", "/api/workspaces", {"name": name})
    assert answer.status == 422
    assert [problem["field"] for problem in answer.json["problems"]] == ["name"]
