"""The review over HTTP: of one's workspace, and of the server for administrators."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.models.run import Role
from engine.tenancy import Member, MemberRole
from server.review.reviewing import Review
from server.review.workspace import DAY_MS
from tests.security.teams import make_team
from tests.server.live import Live, Person, action, live, webhook

PATH = "/api/audit/findings"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Live]:
    """A server with a risky setting."""
    async with live(tmp_path / "data", token_hours=1000) as running:
        yield running


def places(review: Any) -> set[tuple[str, str]]:
    return {(one["code"], one["where"]) for one in review["findings"]}


async def test_an_owner_hears_of_the_workspace_and_an_administrator_of_the_server_too(server: Live) -> None:
    """Rows 46, 48, 50 and 68: what is risky, where, and what to do; never a value."""
    ali, root = await server.person("ali"), await server.person("root", Role.ADMIN)
    assert await ali.get(PATH) == {"workspaceId": ali.user.id, "server": False, "findings": []}
    for name in ("READ", "FORGOTTEN"):
        await ali.call("POST", "/api/secrets", {"name": name, "value": f"value of {name}"})
    log = action("log", "core.log", params={"message": "{{secrets.READ}}"})
    workflow = await ali.save(webhook("log"), log)
    await ali.call("POST", "/api/keys", {"name": "ci", "scopes": ["runs:read"], "neverExpires": True})
    review = await ali.get(PATH)
    assert {place for place in places(review) if place[0] != "key.no_end"} == {
        ("hook.open", f"workflow w ({workflow}), step hook"),
        ("secret.unbound", "secret READ"),
        ("secret.unbound", "secret FORGOTTEN"),
        ("secret.unused", "secret FORGOTTEN"),
    }
    assert len(places(review)) == 5
    assert review["findings"][-1]["severity"] == "low"
    assert "value of" not in str(review)
    assert (await root.get(PATH))["server"] is True
    assert places(await root.get(PATH)) == {("settings.token_hours", "FLOWDESK_TOKEN_HOURS")}


async def test_members_who_were_seen_are_left_alone(server: Live) -> None:
    """A session, a key or a change is a sign of life; joining is one too."""
    team = await make_team(server)
    since = {person.user.id: person.user.created_at for person in team.people.values()}
    members = tuple(
        Member(person.user.id, MemberRole(role), since[person.user.id]) for role, person in team.people.items()
    )
    later = max(since.values()) + 91 * DAY_MS
    review = Review(server.parts.store, server.parts.usages, server.parts.settings, clock=lambda: later)
    found = await review.workspace(team.workspace, members)
    assert {one.code for one in found} == {"member.inactive", "member.inactive_power"}
    assert len(found) == 4
    await server.parts.sessions.begin(team.people["viewer"].user.id, address="", agent="")
    soon = Review(server.parts.store, server.parts.usages, server.parts.settings, clock=lambda: later - 2 * DAY_MS)
    assert await soon.workspace(team.workspace, members) == []


async def test_an_administrators_api_key_needs_the_scope(server: Live) -> None:
    """Row 42: a key that was made for one thing tells nothing of the server."""
    root = await server.person("root", Role.ADMIN)
    for scopes, told in ((["audit:read"], False), (["audit:read", "admin"], True)):
        key = (await root.call("POST", "/api/keys", {"name": "k", "scopes": scopes, "days": 1})).json["key"]
        answer = await Person(server, root.user, key).get(PATH)
        assert answer["server"] is told
