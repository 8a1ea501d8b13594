"""Expired tokens: renewed once, by whichever process comes first, and without whoever asked noticing."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from flowdesk import contexts
from flowdesk.client import Client
from flowdesk.contexts import Context, Contexts
from flowdesk.errors import NotAuthorised, Unreachable
from flowdesk.launch import Target, renewal_for
from flowdesk.renewal import ContextRenewal, SessionRenewal
from tests.flowdesk.serving import event, frame, serving, stream


class Sessions:
    """A server that knows one token, and the one refresh token that brings the next; both count up."""

    def __init__(self) -> None:
        self.number = 2
        self.renewals: list[str] = []
        self.code = "invalid_token"
        self.refuses = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/api/auth/refresh":
            given = (await request.json())["refreshToken"]
            self.renewals.append(given)
            await asyncio.sleep(0)
            if self.refuses or given != f"r{self.number - 1}":
                return self._refused()
            session = {"token": f"t{self.number}", "refreshToken": f"r{self.number}"}
            self.number += 1
            return web.json_response(session)
        if request.headers.get("Authorization") != f"Bearer t{self.number - 1}" or self.number == 2:
            return self._refused()
        if request.path == "/api/events":
            return await stream(request, frame(1))
        return web.json_response({"id": "usr_1"})

    def _refused(self) -> web.Response:
        body = {"code": self.code, "detail": "the token is not valid"}
        return web.json_response(body, status=401, content_type="application/problem+json")


def _kept(path: Path) -> Context:
    return contexts.load(path).get("work")


def _keep(path: Path, client: Client, **changed: Any) -> ContextRenewal:
    context = Context("work", client.url, **{"token": "t1", "email": "a@b", "refresh": "r1", **changed})
    contexts.save(path, Contexts({}).put(context, use=True))
    return ContextRenewal(path, "work")


async def test_many_calls_that_find_a_token_expired_renew_it_once(tmp_path: Path) -> None:
    server, path = Sessions(), tmp_path / "contexts.json"
    async with serving(server.answer, token="t1") as client:
        client.renew_with(_keep(path, client))
        found = await asyncio.gather(*(client.me() for _ in range(8)))
        assert [one["id"] for one in found] == ["usr_1"] * 8
        assert server.renewals == ["r1"]
        assert client.renewed_token == "t2"
        assert (_kept(path).token, _kept(path).refresh, _kept(path).email) == ("t2", "r2", "a@b")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_another_process_renewed_is_used_as_it_is(tmp_path: Path) -> None:
    """A refresh token that is used twice ends the session, so no two processes may send the same one."""
    server, path = Sessions(), tmp_path / "contexts.json"
    async with serving(server.answer, token="t1") as one, Client(one.url, "t1") as other:
        one.renew_with(_keep(path, one))
        other.renew_with(ContextRenewal(path, "work"))
        await asyncio.gather(one.me(), other.me())
        assert server.renewals == ["r1"]
        assert one.renewed_token == other.renewed_token == "t2"


async def test_a_refused_renewal_is_the_refusal_and_is_not_tried_again(tmp_path: Path) -> None:
    server, path = Sessions(), tmp_path / "contexts.json"
    server.refuses = True
    async with serving(server.answer, token="t1") as client:
        client.renew_with(_keep(path, client))
        for _ in range(2):
            with pytest.raises(NotAuthorised):
                await client.me()
        assert server.renewals == ["r1"]
        assert (_kept(path).token, _kept(path).refresh) == ("t1", None)


async def test_an_event_stream_goes_on_with_the_next_token() -> None:
    server = Sessions()
    async with serving(server.answer, token="t1") as client:
        client.renew_with(SessionRenewal(client.url, "r1"))
        following = client.events.mine()
        assert await anext(following) == event(1)
        await following.aclose()
        assert server.renewals == ["r1"]


async def test_who_stops_waiting_does_not_lose_the_renewal(tmp_path: Path) -> None:
    server, path = Sessions(), tmp_path / "contexts.json"
    began = asyncio.Event()
    async with serving(server.answer, token="t1") as client:
        renewal = _keep(path, client)

        async def renew(stale: str) -> str | None:
            began.set()
            return await renewal(stale)

        client.renew_with(renew)
        waiting = asyncio.create_task(client.me())
        await began.wait()
        waiting.cancel()
        await asyncio.wait([waiting])
        await client.close()
        assert _kept(path).token == "t2"


async def test_other_refusals_are_no_reason_to_renew(tmp_path: Path) -> None:
    server, path = Sessions(), tmp_path / "contexts.json"
    server.code = "bad_credentials"
    async with serving(server.answer, token="t1") as client:
        client.renew_with(_keep(path, client))
        with pytest.raises(NotAuthorised):
            await client.login("a@b", "wrong")
        assert server.renewals == []


async def test_a_server_that_is_away_leaves_the_refresh_token_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "contexts.json"
    contexts.save(path, Contexts({}).put(Context("work", "http://127.0.0.1:9", "t1", refresh="r1"), use=True))
    with pytest.raises(Unreachable):
        await ContextRenewal(path, "work")("t1")
    assert _kept(path).refresh == "r1"


@pytest.mark.parametrize(
    ("target", "renews"),
    [
        (Target("http://a", "t1", "context", "work"), True),
        (Target("http://a/", "t1", "address"), True),
        (Target("http://a", "an API key", "context", "work"), False),
        (Target("http://b", "t1", "address"), False),
        (Target("http://a", "t1", "local"), False),
    ],
)
def test_only_a_token_that_a_login_has_kept_is_renewed(tmp_path: Path, target: Target, renews: bool) -> None:
    contexts.save(
        tmp_path / "contexts.json", Contexts({}).put(Context("work", "http://a", "t1", refresh="r1"), use=True)
    )
    found = renewal_for(target, {"FLOWDESK_CONFIG_DIR": str(tmp_path)})
    assert (found is not None) == renews
