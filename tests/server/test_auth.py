"""Coming in: registration, login, tokens on the wire, and what an attacker learns from them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.clock import now_ms
from engine.models.run import Role
from server import passwords
from server.accounts import LOCAL_EMAIL
from server.tokens import Tokens
from tests.server.live import Live, Person, freeze, live

ME = {"email": "me@example.com", "password": "abc123"}


async def register(server: Live, **changes: Any) -> Any:
    answer = await server.call("POST", "/api/auth/register", {**ME, **changes})
    assert answer.status == 201, answer.body
    return answer.json


async def test_register_and_log_in(server: Live) -> None:
    before = now_ms()
    made = await register(server, email=" Me@Example.COM ")
    user = made["user"]
    assert user["email"] == "me@example.com"
    assert user["role"] == "user"
    assert set(user) == {"id", "email", "role", "createdAt"}
    assert user["createdAt"].endswith("Z")
    stored = await server.parts.store.users.by_id(user["id"])
    assert stored is not None
    assert stored.created_at >= before
    assert "abc123" not in stored.password_hash
    answer = await server.call("POST", "/api/auth/login", {"email": "ME@example.com", "password": "abc123"})
    assert answer.status == 200
    assert answer.json["user"] == user
    for token in (made["token"], answer.json["token"]):
        assert (await server.call("GET", "/api/me", token=token)).json == user


async def test_an_address_has_one_account(server: Live) -> None:
    await register(server)
    again = await server.call("POST", "/api/auth/register", {"email": "ME@example.com", "password": "other123"})
    assert (again.status, again.code) == (409, "email_taken")
    both = [server.call("POST", "/api/auth/register", {"email": "two@x.org", "password": "abc123"}) for _ in range(4)]
    assert sorted(answer.status for answer in await asyncio.gather(*both)) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "nobody"},
        {"email": "@x"},
        {"email": "a@"},
        {"email": "a b@x"},
        {"email": "a@b@c"},
        {"email": "a\u202e@x"},
        {"email": "a\x00@x"},
        {"email": "a" * 250 + "@x.org"},
        {"email": ""},
        {"email": 5},
        {"email": {"$gt": ""}},
        {"password": "12345"},
        {"password": "x" * 73},
        {"password": "🔑" * 19},
        {"password": None},
        {"password": {"$ne": 1}},
        {"role": "admin"},
        {"id": "chosen"},
    ],
)
async def test_bad_registrations(server: Live, changes: dict[str, Any]) -> None:
    """Rows 42, 45, 54: no role, no id, no operators, and lengths in bytes."""
    answer = await server.call("POST", "/api/auth/register", {**ME, **changes})
    assert answer.status == 422
    assert [problem["field"] for problem in answer.json["problems"]] == list(changes)
    assert b"12345" not in answer.body
    assert (await server.parts.store.users.page(limit=10)).items == []


async def test_closed_registration_leaves_accounts_to_administrators(tmp_path: Path) -> None:
    async with live(tmp_path, registration="closed") as server:
        answer = await server.call("POST", "/api/auth/register", ME)
        assert (answer.status, answer.code) == (403, "registration_closed")
        admin = await server.person("admin", Role.ADMIN)
        made = await admin.call("POST", "/api/users", {**ME, "role": "admin"})
        assert made.status == 201
        assert made.json["role"] == "admin"
        assert (await server.call("POST", "/api/auth/login", ME)).status == 200


async def test_accounts_are_listed_and_made_by_administrators_only(server: Live, ali: Person) -> None:
    """Row 42."""
    for method, document in (("GET", None), ("POST", ME)):
        answer = await ali.call(method, "/api/users", document)
        assert (answer.status, answer.code) == (403, "admin_only")
    admin = await server.person("admin", Role.ADMIN)
    first = await admin.call("GET", "/api/users?limit=1")
    assert [user["email"] for user in first.json] == ["admin@example.com"]
    rest = await admin.call("GET", f"/api/users?limit=1&cursor={first.headers['X-Next-Cursor']}")
    assert [user["email"] for user in rest.json] == ["ali@example.com"]
    assert "X-Next-Cursor" not in rest.headers
    assert "password" not in rest.body.decode().lower()


BAD_HEADERS = {
    "none": {},
    "basic": {"Authorization": "Basic abc"},
    "empty": {"Authorization": "Bearer "},
    "only a word": {"Authorization": "Bearer"},
    "noise": {"Authorization": "Bearer a.b.c"},
    "not ascii": {"Authorization": "Bearer é"},
    "long": {"Authorization": "Bearer " + "x" * 5000},
}


@pytest.mark.parametrize("kind", BAD_HEADERS)
async def test_without_a_good_token(server: Live, kind: str) -> None:
    """Row 39."""
    answer = await server.call("GET", "/api/me", headers=BAD_HEADERS[kind])
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.code in ("token_missing", "invalid_token")


async def test_every_route_that_is_not_public_asks_for_a_token(server: Live) -> None:
    """Row 39: authentication is on unless a route says otherwise, and the list of those that do is known."""
    from server.app import all_routes

    public = set()
    for route in all_routes():
        path = route.path.replace("{", "").replace("}", "")
        if route.public:
            public.add(route.path)
            continue
        answer = await server.call(route.method, path)
        assert answer.status == 401, route
    assert public == {
        "/api/auth/register",
        "/api/auth/login",
        "/api/auth/refresh",
        "/api/answers/{token}",
        "/api/oauth/callback",
        "/api/hooks/{workflowId}",
        "/api/hooks/{workflowId}/test",
        "/healthz",
        "/readyz",
        "/api/openapi.json",
        "/api/docs",
    }


async def test_foreign_keys_and_ended_tokens(server: Live, ali: Person) -> None:
    """Row 39: another key, a raised token version, a user who is gone."""
    forged = Tokens(b"x" * 32, hours=1).issue(ali.user)
    assert (await server.call("GET", "/api/me", token=forged)).code == "invalid_token"
    ahead = server.parts.tokens.issue(replace(ali.user, token_version=1))
    assert (await server.call("GET", "/api/me", token=ahead)).status == 401
    gone = server.parts.tokens.issue(replace(ali.user, id="0" * 26))
    assert (await server.call("GET", "/api/me", token=gone)).status == 401
    assert (await ali.call("GET", "/api/me")).status == 200


async def test_login_says_no_alike(server: Live) -> None:
    """Row 43: an unknown address, a wrong password and an account without a password cannot be told apart."""
    await register(server)
    await server.parts.accounts.local_user()
    bodies = []
    for email in ("me@example.com", "nobody@example.com", LOCAL_EMAIL):
        answer = await server.call("POST", "/api/auth/login", {"email": email, "password": "wrong1"})
        assert (answer.status, answer.code) == (401, "bad_credentials")
        bodies.append({**answer.json, "requestId": ""})
        assert set(answer.headers) >= {"WWW-Authenticate"}
    assert bodies[0] == bodies[1] == bodies[2]


async def test_login_takes_alike(tmp_path: Path) -> None:
    """Row 43: the time says nothing either."""
    async with live(tmp_path, bcrypt_cost=11) as server:
        for number in range(4):
            await register(server, email=f"u{number}@example.com")
        taken: dict[str, list[float]] = {"u": [], "nobody": []}
        for number in range(4):
            for name, times in taken.items():
                start = time.process_time()
                answer = await server.call(
                    "POST", "/api/auth/login", {"email": f"{name}{number}@example.com", "password": "wrong1"}
                )
                times.append(time.process_time() - start)
                assert answer.status == 401
        assert 0.5 < min(taken["nobody"]) / min(taken["u"]) < 2


async def test_guessing_slows_down_and_the_account_stays_open_elsewhere(server: Live) -> None:
    """Row 44."""
    freeze(server)
    await register(server)
    wrong = {"email": "me@example.com", "password": "wrong1"}
    statuses = [(await server.call("POST", "/api/auth/login", wrong)).status for _ in range(6)]
    assert statuses == [401] * 6
    refused = await server.call("POST", "/api/auth/login", ME)
    assert (refused.status, refused.code) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 2
    assert (await server.parts.accounts.log_in("me@example.com", "abc123", "192.0.2.7")).email == "me@example.com"
    other = await server.call("POST", "/api/auth/login", {"email": "other@example.com", "password": "abc123"})
    assert other.status == 401  # another account is not slowed down yet


async def test_many_guesses_at_once_do_not_slip_through(server: Live) -> None:
    """Row 44: tries count when they begin."""
    await register(server)
    wrong = {"email": "me@example.com", "password": "wrong1"}
    answers = await asyncio.gather(*(server.call("POST", "/api/auth/login", wrong) for _ in range(20)))
    assert sum(answer.status == 401 for answer in answers) == 6
    assert all(answer.status in (401, 429) for answer in answers)


async def test_one_address_cannot_try_one_password_everywhere(server: Live) -> None:
    """Row 44: credential stuffing meets a limit per address, which good logins do not reset."""
    await register(server)
    accounts = server.parts.accounts
    for _ in range(101):
        accounts._per_address.tried("127.0.0.1")
    refused = await server.call("POST", "/api/auth/login", ME)
    assert refused.status == 429


async def test_a_login_that_was_sent_away_is_no_failure(server: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 44: a flood must not lock out those who knock during it."""
    await register(server)
    with monkeypatch.context() as full:
        full.setattr(passwords, "MAX_WAITING", 0)
        answers = [await server.call("POST", "/api/auth/login", ME) for _ in range(10)]
        assert {answer.status for answer in answers} == {503}
    assert (await server.call("POST", "/api/auth/login", ME)).status == 200


async def test_hashes_follow_the_cost(tmp_path: Path) -> None:
    async with live(tmp_path, bcrypt_cost=10) as server:
        made = await register(server)
    async with live(tmp_path, bcrypt_cost=11) as server:
        assert (await server.call("POST", "/api/auth/login", ME)).status == 200
        stored = await server.parts.store.users.by_id(made["user"]["id"])
        assert stored is not None
        assert stored.password_hash.startswith("$2b$11$")
        assert (await server.call("POST", "/api/auth/login", ME)).status == 200


async def test_tokens_outlive_a_restart_and_local_ones_do_not(tmp_path: Path) -> None:
    async with live(tmp_path) as server:
        made = await register(server)
        local = server.parts.tokens.issue_local(await server.parts.accounts.local_user())
        assert (await server.call("GET", "/api/users", token=local)).status == 200
    async with live(tmp_path) as server:
        assert (await server.call("GET", "/api/me", token=made["token"])).status == 200
        assert (await server.call("GET", "/api/me", token=local)).status == 401
        assert (await server.parts.accounts.local_user()).role is Role.ADMIN
        users = await server.parts.store.users.page(limit=10)
        assert [user.email for user in users.items] == [LOCAL_EMAIL, "me@example.com"]


@pytest.mark.parametrize("email", [LOCAL_EMAIL, LOCAL_EMAIL.upper()])
async def test_the_local_account_cannot_be_taken(server: Live, email: str) -> None:
    """Row 42: whoever registered it would become administrator."""
    answer = await server.call("POST", "/api/auth/register", {"email": email, "password": "abc123"})
    assert answer.status == 409
