"""OAuth2 connections: authorization code with PKCE, and refreshing, against a provider on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from engine.clock import now_ms
from engine.errors import Invalid, Unavailable
from engine.sdk import Egress, Host
from engine.stores.memory import MemoryStore
from server.vault.keeper import Change, Keeper
from server.vault.keyring import Keyring
from server.vault.sources import Sources
from tests.server.live import Person
from tests.server.provider import Provider, providing

ME = "me"


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with providing() as running:
        yield running


async def connected(ali: Person, provider: Provider) -> None:
    made = await ali.call("POST", "/api/secrets", {"name": "CRM", "connection": provider.document()})
    assert made.status == 201, made.body
    assert made.json["connection"]["state"] == "new"
    assert b"client-secret-value" not in made.body
    begun = await ali.call("POST", "/api/secrets/CRM/connect")
    state, code = provider.says_yes(begun.json["url"])
    back = await ali.live.call("GET", f"/api/oauth/callback?state={quote(state)}&code={quote(code)}")
    assert (back.status, b"CRM is connected" in back.body) == (200, True), back.body
    again = await ali.live.call("GET", f"/api/oauth/callback?state={quote(state)}&code={quote(code)}")
    assert again.status == 400


async def test_a_person_connects_it_and_steps_get_the_token(ali: Person, provider: Provider) -> None:
    await connected(ali, provider)
    found = await ali.get("/api/secrets/CRM")
    assert found["connection"]["state"] == "connected"
    secret = (await ali.live.parts.keeper.resolve(ali.user.id, ["CRM"]))["CRM"]
    assert secret.value == provider.given[0]
    assert (await ali.call("POST", "/api/secrets/CRM/test")).json["ok"] is True


async def test_who_began_it_is_who_connected_it(ali: Person, provider: Provider) -> None:
    """The audit log: the provider sends back a browser without a token, and one entry tells of it, in its workspace."""
    await connected(ali, provider)
    done, begun, made = await ali.get("/api/audit")
    assert [entry["action"] for entry in (made, begun, done)] == ["secret.create", "secret.connect", "secret.connected"]
    assert (done["userId"], done["workspaceId"], done["target"]) == (ali.user.id, ali.user.id, "CRM")
    assert (done["address"], done["credentialId"]) == ("127.0.0.1", None)
    assert None is not done["before"] != done["after"] is not None


@pytest.mark.parametrize("query", ["", "state=x&code=y", "state=%00&code=y", "error=access_denied&state=abc"])
async def test_a_callback_nobody_waits_for_is_refused(ali: Person, query: str) -> None:
    """Row 41 and 46 in spirit: a state is good for one secret, once."""
    answer = await ali.live.call("GET", f"/api/oauth/callback?{query}")
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("text/html")
    assert b"script" not in answer.body


async def test_before_a_person_agreed_a_step_fails(ali: Person, provider: Provider) -> None:
    await ali.call("POST", "/api/secrets", {"name": "CRM", "connection": provider.document()})
    tested = (await ali.call("POST", "/api/secrets/CRM/test")).json
    assert (tested["ok"], tested["code"]) == (False, "secret_disconnected")


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = now_ms()

    def __call__(self) -> int:
        return self.now


def keepers(path: Path, clock: Clock, count: int) -> list[Keeper]:
    """So many processes over one store and one key."""
    rows = MemoryStore().secrets
    host = Host(egress_allow=("127.0.0.1",))
    key = path / "secrets.key"
    return [Keeper(rows, Keyring(None, key, may_make=True), Sources(), host, clock=clock) for _ in range(count)]


async def expired(keeper: Keeper, provider: Provider, clock: Clock) -> None:
    """A connection whose access token has just ended."""
    provider.refresh = "first-refresh-token"
    connection = {**provider.document(), "clientAuth": "body", "parameters": {}, "accessToken": "old-access-token"}
    times = {"refreshToken": "first-refresh-token", "obtainedAt": clock() - 3_600_000, "expiresAt": clock() - 1}
    await keeper.create(ME, "CRM", Change(connection={**connection, **times}))


async def test_many_steps_in_many_processes_renew_it_once(tmp_path: Path, provider: Provider) -> None:
    clock = Clock()
    several = keepers(tmp_path, clock, 4)
    await expired(several[0], provider, clock)
    answers = await asyncio.gather(*(several[n % 4].resolve(ME, ["CRM"]) for n in range(20)))
    assert {answer["CRM"].value for answer in answers} == {provider.given[0]}
    assert len(provider.given) == 1
    assert not provider.stolen
    clock.now += 3_600_000 - 30_000
    await asyncio.gather(*(keeper.resolve(ME, ["CRM"]) for keeper in several))
    assert len(provider.given) == 2


async def test_a_lease_left_by_a_dead_process_ends(tmp_path: Path, provider: Provider) -> None:
    clock = Clock()
    (keeper,) = keepers(tmp_path, clock, 1)
    await expired(keeper, provider, clock)
    assert await keeper.rows.lease(ME, "CRM", holder="dead", now=clock(), until=clock() + 30_000)
    waiting = asyncio.create_task(keeper.resolve(ME, ["CRM"]))
    await asyncio.sleep(0)
    assert provider.given == []
    clock.now += 30_001
    assert (await waiting)["CRM"].value == provider.given[0]


async def test_a_provider_that_is_away_is_tried_again_and_one_that_refuses_is_not(
    tmp_path: Path, provider: Provider
) -> None:
    clock = Clock()
    (keeper,) = keepers(tmp_path, clock, 1)
    await expired(keeper, provider, clock)
    provider.away = True
    with pytest.raises(Unavailable) as away:
        await keeper.resolve(ME, ["CRM"])
    assert away.value.code == "secret_refresh_failed"
    provider.away, provider.refuses = False, "invalid_grant"
    for _ in range(2):
        with pytest.raises(Invalid) as refused:
            await keeper.resolve(ME, ["CRM"])
        assert refused.value.code == "secret_disconnected"
        assert "invalid_grant" in refused.value.message
    assert (await keeper.rows.get(ME, "CRM")).about["connection"]["state"] == "broken"


async def test_a_provider_that_is_away_leaves_the_token_that_still_lasts(tmp_path: Path, provider: Provider) -> None:
    clock = Clock()
    (keeper,) = keepers(tmp_path, clock, 1)
    await expired(keeper, provider, clock)
    clock.now -= 10_000
    provider.away = True
    assert (await keeper.resolve(ME, ["CRM"]))["CRM"].value == "old-access-token"


async def test_a_provider_the_workspace_denies_is_not_asked(tmp_path: Path, provider: Provider) -> None:
    """Row 58: the connection is not broken by it, and goes on once the list lets it."""
    clock, lists = Clock(), [Egress(deny=["127.0.0.1"])]

    async def egress(workspace_id: str) -> Egress:
        assert workspace_id == ME
        return lists[-1]

    host = Host(egress_allow=("127.0.0.1",), egress=egress)
    rows, ring = MemoryStore().secrets, Keyring(None, tmp_path / "secrets.key", may_make=True)
    keeper = Keeper(rows, ring, Sources(), host, clock=clock)
    await expired(keeper, provider, clock)
    with pytest.raises(Unavailable) as caught:
        await keeper.resolve(ME, ["CRM"])
    assert caught.value.code == "secret_refresh_failed"
    assert provider.given == []
    lists.append(Egress())
    assert (await keeper.resolve(ME, ["CRM"]))["CRM"].value == provider.given[0]
