"""Row 42: whatever else a body says, nobody becomes anything by it. Generated from the route table."""

from __future__ import annotations

from engine.models.run import Role
from tests.security.teams import body_of, locked_routes, make_team, name_of
from tests.server.live import Live, Person
from tests.server.test_idor import things_of

GRAB = {
    "role": "admin",
    "ownerId": "0" * 26,
    "userId": "0" * 26,
    "workspaceId": "0" * 26,
    "isAdmin": True,
    "passwordHash": "x",
    "tokenVersion": 9,
    "createdAt": 0,
    "members": [],
    "__proto__": {"role": "admin"},
    "$set": {"role": "admin"},
}


async def test_no_body_sets_what_is_not_the_callers(server: Live, ali: Person) -> None:
    """Row 42: fields of ours are refused by their name or ignored; the caller is what they were, things stay theirs."""
    things = await things_of(ali)
    routes = [route for route in locked_routes() if body_of(route) is not None]
    assert len(routes) > 20
    refused = 0
    for route in routes:
        known = {field.alias or name for name, field in route.body.model_fields.items()} if route.body else set()
        extra = {name: value for name, value in GRAB.items() if name not in known}
        given = {**body_of(route), **extra}
        answer = await ali.call(route.method, things.path(route), given)
        assert answer.status < 500, (name_of(route), answer.body)
        if answer.status == 422:
            refused += 1
            assert answer.json["problems"], name_of(route)
    assert refused > len(routes) // 2
    user = await server.parts.store.users.by_id(ali.user.id)
    assert user is not None
    assert (user.role, user.token_version, user.password_hash) == (Role.USER, 0, "-")
    for workflow in await ali.get("/api/workflows"):
        assert workflow["ownerId"] == ali.user.id
    eve = await server.person("eve")
    assert await eve.get("/api/workflows") == []


async def test_an_editor_cannot_make_an_owner_of_themselves(server: Live) -> None:
    """Row 42: not through an invitation, a key or a role of one's own."""
    team = await make_team(server)
    editor = team.people["editor"].user.id
    for method, path, body in (
        ("PUT", f"/api/members/{editor}", {"role": "owner"}),
        ("POST", "/api/invitations", {"email": "me@example.com", "role": "owner", "days": 1}),
        ("POST", "/api/keys", {"name": "k", "scopes": ["members:write"], "days": 1}),
        ("POST", "/api/keys", {"name": "k", "scopes": ["admin"], "days": 1}),
    ):
        assert (await team.call("editor", method, path, body)).status == 403, path
    members = (await team.call("owner", "GET", "/api/members")).json
    assert next(one for one in members if one["userId"] == editor)["role"] == "editor"
