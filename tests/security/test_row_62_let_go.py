"""Rows 41 and 62: a live stream ends when its reader may not read any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from engine.models.run import Role
from server import sse
from tests.security.teams import Team, make_team
from tests.server.live import Answer, Live, greet

Reader = tuple[str, dict[str, str], Callable[[], Awaitable[Any]]]
"""A token, the headers that go with it, and what takes the right to read from it."""


async def member(server: Live, team: Team) -> Reader:
    """Somebody whom the owner removes from the workspace."""
    viewer = team.people["viewer"]
    path = f"/api/members/{viewer.user.id}"
    return viewer.token, team.chosen, lambda: ok(team.call("owner", "DELETE", path))


async def session(server: Live, team: Team) -> Reader:
    """Somebody who logs out."""
    ali = {"email": "ali@example.com", "password": "a long enough password"}
    made = await server.call("POST", "/api/auth/register", ali)
    assert made.status == 201, made.body
    token = made.json["token"]
    return token, {}, lambda: ok(server.call("POST", "/api/auth/logout", token=token))


async def key(server: Live, team: Team) -> Reader:
    """A program whose API key is removed."""
    editor = team.people["editor"]
    given = {"name": "k", "scopes": ["runs:read"], "days": 7}
    made = await team.call("editor", "POST", "/api/keys", given)
    assert made.status == 201, made.body
    path = f"/api/keys/{made.json['id']}"
    return made.json["key"], {}, lambda: ok(editor.call("DELETE", path, headers=team.chosen))


async def administrator(server: Live, team: Team) -> Reader:
    """An administrator, who sees everybody's runs, and becomes a user."""
    root = await server.person("root", Role.ADMIN)

    async def demote() -> None:
        await server.parts.store.users.update(root.user.id, role=Role.USER)
        server.parts.accounts._remembered.clear()  # another process has done it; this one looks again in some seconds

    return root.token, {}, demote


async def ok(asked: Awaitable[Answer]) -> None:
    """It worked."""
    answer = await asked
    assert answer.status in (200, 204), answer.body


@pytest.fixture
async def team(server: Live) -> Team:
    """A shared workspace."""
    return await make_team(server)


@pytest.mark.parametrize("reader", [member, session, key, administrator])
async def test_a_stream_ends_with_the_right_to_read_it(
    server: Live, team: Team, reader: Callable[[Live, Team], Awaitable[Reader]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows 41, 62: nothing that happens afterwards is told, and coming back is refused."""
    monkeypatch.setattr(sse, "CHECK_S", 0.0)
    monkeypatch.setattr("server.streams.HEARTBEAT_S", 0.05)
    token, headers, take_away = await reader(server, team)
    sent = {"Authorization": f"Bearer {token}", **headers}
    made = await team.call("owner", "POST", "/api/workflows", {"name": "w", "steps": [greet()]})
    assert made.status == 201, made.body
    run = f"/api/workflows/{made.json['id']}/execute?wait=true"
    sees = reader is not session  # who acts in a workspace of their own hears of nobody else's runs
    async with server.session.get(f"{server.url}/api/events", headers=sent) as response:
        assert response.status == 200
        if sees:
            await ok(team.call("owner", "POST", run, {"data": {"name": "before"}}))
            await until(response, b"before")
        await take_away()
        await ok(team.call("owner", "POST", run, {"data": {"name": "canary-of-later"}}))
        async with asyncio.timeout(20):
            rest = await response.content.read()
        assert b"canary-of-later" not in rest
    if reader is not administrator:
        again = await server.call("GET", "/api/events", token=token, headers=headers)
        assert again.status in (401, 404), again.body


async def until(response: aiohttp.ClientResponse, wanted: bytes) -> None:
    """Read as far as this."""
    seen = b""
    async with asyncio.timeout(20):
        while wanted not in seen:
            seen += await response.content.readany()
