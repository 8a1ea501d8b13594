"""API keys: one workspace, some permissions, an end, and only a hash that is kept."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from engine.models.run import Role
from server.permissions import Permission
from tests.security.teams import body_of, locked_routes, make_team, name_of
from tests.security.test_row_41_roles import ask, least
from tests.server.live import Live, Person

WEEK = {"days": 7}


async def make(person: Person, *scopes: str, headers: Any = None, **more: Any) -> Any:
    """A key, made over the API."""
    given = {"name": "k", "scopes": list(scopes), **(more or WEEK)}
    answer = await person.call("POST", "/api/keys", given, headers=headers)
    assert answer.status == 201, answer.body
    return answer.json


async def test_a_key_is_shown_once_and_kept_as_a_hash(server: Live, ali: Person) -> None:
    """Row 48."""
    made = await make(ali, "runs:read")
    text = made["key"]
    assert text.startswith("fdk_")
    assert len(text) >= 4 + 43  # 256 bits
    assert made["prefix"] == text[:12]
    listed = await ali.call("GET", "/api/keys")
    assert text.encode() not in listed.body
    assert listed.json[0] == {name: value for name, value in made.items() if name != "key"}
    stored = await server.parts.store.credentials.get(made["id"])
    assert stored is not None
    assert stored.digest == hashlib.sha256(text.encode()).hexdigest()
    assert text not in str(stored.about)


async def test_scopes_limit_what_a_key_may_do(server: Live, ali: Person) -> None:
    """Row 41: over every route that needs a permission, a key with all the others is refused, one with it is not."""
    team = await make_team(server)
    owner = team.people["owner"]
    keys = {scope: await make(owner, scope, headers=team.chosen) for scope in Permission}
    rest = {
        scope: await make(owner, *(other for other in Permission if other != scope), headers=team.chosen)
        for scope in Permission
    }
    checked = set()
    for route in locked_routes():
        if not isinstance(route.needs, Permission) or name_of(route) == "DELETE /api/members/{userId}":
            continue
        without = Person(server, owner.user, rest[route.needs]["key"])
        answer = await ask(without, team, route)
        assert (answer.status, answer.code) == (403, "scope_missing"), name_of(route)
        assert route.needs in answer.json["detail"]
        if name_of(route) != "DELETE /api/workspaces/{id}":
            allowed = await ask(Person(server, owner.user, keys[route.needs]["key"]), team, route)
            assert allowed.status not in (401, 403), (name_of(route), allowed.body)
        checked.add(route.needs)
    assert checked >= {p for p in Permission if not p.startswith("secrets:")}


async def test_a_key_does_nothing_that_needs_a_login(server: Live, ali: Person) -> None:
    """Row 42: it makes no further keys, changes no password, joins nothing."""
    key = Person(server, ali.user, (await make(ali, *Permission))["key"])
    for route in locked_routes():
        if least(route) == "person":
            answer = await key.call(route.method, route.path.replace("{id}", "x"), body_of(route))
            assert (answer.status, answer.code) == (403, "login_needed"), name_of(route)


async def test_a_key_works_in_its_workspace_only(server: Live) -> None:
    """Row 41."""
    team, other = await make_team(server), await make_team(server, "Dev")
    owner = team.people["owner"]
    key = (await make(owner, "members:read", "workflows:write", headers=team.chosen))["key"]
    assert len((await server.call("GET", "/api/members", token=key)).json) == 4
    assert len((await server.call("GET", "/api/members", token=key, headers=team.chosen)).json) == 4
    for wanted in (other.workspace, "personal", owner.user.id, "unknown"):
        answer = await server.call("GET", "/api/members", token=key, headers={"X-FlowDesk-Workspace": wanted})
        assert (answer.status, answer.code) == (404, "not_found")
    shown = (await server.call("GET", "/api/workspaces", token=key)).json
    assert [one["id"] for one in shown] == [team.workspace]
    personal = (await make(owner, "members:read"))["key"]
    (alone,) = (await server.call("GET", "/api/members", token=personal)).json
    assert alone["userId"] == owner.user.id
    assert (await server.call("GET", "/api/members", token=personal, headers=team.chosen)).status == 404


async def test_a_key_is_never_more_than_its_maker(server: Live) -> None:
    """Row 42: neither when it is made nor later."""
    team = await make_team(server)
    operator = team.people["operator"]
    wide = {"name": "k", "scopes": ["workflows:write", "runs:write"], **WEEK}
    refused = await operator.call("POST", "/api/keys", wide, headers=team.chosen)
    assert (refused.status, refused.code) == (403, "scope_too_wide")
    assert "workflows:write" in refused.json["detail"]
    assert (await operator.call("POST", "/api/keys", {**wide, "scopes": ["admin"]})).code == "scope_too_wide"
    key = (await make(operator, "runs:write", "runs:read", headers=team.chosen))["key"]
    assert (await server.call("POST", "/api/runs/x/cancel", token=key)).status == 404
    await team.call("owner", "PUT", f"/api/members/{operator.user.id}", {"role": "viewer"})
    answer = await server.call("POST", "/api/runs/x/cancel", token=key)
    assert (answer.status, answer.code) == (403, "role_too_low")
    assert (await server.call("GET", "/api/runs", token=key)).status == 200


async def test_an_administrators_key_sees_its_workspace_only_unless_it_says_admin(server: Live, ali: Person) -> None:
    """Row 41."""
    root = await server.person("root", Role.ADMIN)
    workflow = await ali.save({"id": "hook", "type": "TRIGGER", "ref": "http.webhook"})
    plain = (await make(root, "workflows:read"))["key"]
    assert (await server.call("GET", f"/api/workflows/{workflow}", token=plain)).status == 404
    assert (await server.call("GET", "/api/users", token=plain)).code == "scope_missing"
    wide = (await make(root, "admin"))["key"]
    assert (await server.call("GET", "/api/users", token=wide)).status == 200


async def test_a_key_ends(server: Live, ali: Person) -> None:
    """Row 39: by its time, or by hand; then it is a 401 like any other."""
    short, lasting = await make(ali, "runs:read", days=1), await make(ali, "runs:read", neverExpires=True)
    assert lasting["expiresAt"] is None
    keys = server.parts.api_keys
    for made in (short, lasting):
        assert (await server.call("GET", "/api/runs", token=made["key"])).status == 200
    late = keys._clock() + 2 * 86_400_000
    keys._clock = lambda: late
    answer = await server.call("GET", "/api/runs", token=short["key"])
    assert (answer.status, answer.code) == (401, "expired_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert (await server.call("GET", "/api/runs", token=lasting["key"])).status == 200
    eve = await server.person("eve")
    assert (await eve.call("DELETE", f"/api/keys/{lasting['id']}")).status == 404
    assert (await ali.call("DELETE", f"/api/keys/{lasting['id']}")).status == 204
    assert (await server.call("GET", "/api/runs", token=lasting["key"])).status == 401
    assert (await ali.call("DELETE", f"/api/keys/{lasting['id']}")).status == 404


async def test_the_last_use_is_noted_once_an_hour(server: Live, ali: Person) -> None:
    made = await make(ali, "runs:read")
    keys, written = server.parts.api_keys, []
    used = keys._credentials.used

    async def counted(credential_id: str, at: int) -> None:
        written.append(at)
        await used(credential_id, at)

    keys._credentials.used = counted  # type: ignore[method-assign]
    for _ in range(5):
        await server.call("GET", "/api/runs", token=made["key"])
    assert len(written) == 1
    (shown,) = await ali.get("/api/keys")
    assert shown["lastUsedAt"] is not None


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["everything"]}),
        ("scopes", {"scopes": {"$ne": 1}}),
        ("name", {"name": ""}),
        ("days", {"days": 0}),
        ("days", {"days": 4000}),
        (None, {"days": None}),
        (None, {"neverExpires": True}),
        ("userId", {"userId": "somebody"}),
        ("workspaceId", {"workspaceId": "somewhere"}),
    ],
)
async def test_bad_keys_are_refused(server: Live, ali: Person, field: str | None, changes: Any) -> None:
    """Rows 42 and 54: an end is given or waived in so many words; whose and where is not for the caller to say."""
    answer = await ali.call("POST", "/api/keys", {"name": "k", "scopes": ["runs:read"], **WEEK, **changes})
    assert answer.status == 422
    places = [problem.get("field") for problem in answer.json["problems"]]
    assert all((place or "").startswith(field or "") for place in places), places


@pytest.mark.parametrize("text", ["fdk_", "fdk_guess", "fdk_" + "x" * 500, "fdk_é", "fdk_%00"])
async def test_what_is_no_key(server: Live, text: str) -> None:
    """Row 39."""
    answer = await server.call("GET", "/api/me", token=text)
    assert (answer.status, answer.code) == (401, "invalid_token")
