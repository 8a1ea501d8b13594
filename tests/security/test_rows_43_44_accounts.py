"""Coming in: what an attacker learns, how fast one may guess, and how logins, invitations and passwords end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Invalid
from engine.models.run import Role
from engine.stores.memory import MemoryStore
from server.accounts import Accounts
from server.passwords import UNUSABLE, Passwords
from server.problems import TooManyRequests, Unauthenticated
from server.settings import Settings
from server.tokens import Tokens
from tests.server.live import Answer, Live, Person, freeze, live

ME = {"email": "me@example.com", "password": "abc123"}
KEY = b"k" * 32


class Counting(Passwords):
    """Counts what it is asked, and needs no time for it."""

    def __init__(self) -> None:
        super().__init__(10)
        self.asked: list[str] = []

    async def hash(self, password: str) -> str:
        """No hash at all."""
        self.asked.append("hash")
        return f"$2b$10${password}"

    async def matches(self, password: str, stored: str | None) -> bool:
        """As many steps as the real one."""
        self.asked.append("matches")
        return stored == f"$2b$10${password}"


class Watch:
    """A clock to be set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def accounts(passwords: Passwords | None = None, clock: Watch | None = None) -> Accounts:
    return Accounts(MemoryStore().users, passwords or Counting(), monotonic=clock or Watch())


async def refused(login: Awaitable[Any]) -> type[Exception]:
    with pytest.raises((Unauthenticated, TooManyRequests)) as caught:
        await login
    return caught.type


async def test_unknown_and_wrong_cost_the_same_work() -> None:
    """Row 43: the same look into the store and one comparison of bcrypt, whoever is asked for."""
    passwords = Counting()
    known = accounts(passwords)
    await known.create(ME["email"], ME["password"])
    looked: list[str] = []
    by_email: Callable[[str], Awaitable[Any]] = known._users.by_email

    async def counted(email: str) -> Any:
        looked.append(email)
        return await by_email(email)

    known._users.by_email = counted  # type: ignore[method-assign]
    await known.local_user()
    for email in ("me@example.com", "nobody@example.com", "local@flowdesk.internal"):
        passwords.asked.clear()
        looked.clear()
        assert await refused(known.log_in(email, "wrong1", "1.2.3.4")) is Unauthenticated
        assert passwords.asked == ["matches"], email
        assert looked == [email]
    passwords.close()


async def test_the_comparison_itself_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 43: bcrypt is called once at the configured cost for a hash, no account and an account without a password."""
    costs: list[bytes] = []

    def checkpw(_raw: bytes, against: bytes) -> bool:
        costs.append(against[:7])
        return False

    monkeypatch.setattr("bcrypt.checkpw", checkpw)
    real = Passwords(12)
    for stored in (f"$2b$12${'a' * 53}", None, UNUSABLE):
        assert not await real.matches("wrong1", stored)
    assert costs == [b"$2b$12$"] * 3
    real.close()


async def test_a_failed_login_says_the_same_of_all(server: Live) -> None:
    """Row 43: status, body and headers."""
    await server.call("POST", "/api/auth/register", ME)
    answers = []
    for email in ("me@example.com", "nobody@example.com", "local@flowdesk.internal"):
        answer = await server.call("POST", "/api/auth/login", {"email": email, "password": "wrong1"})
        document = answer.json
        del document["requestId"]
        answers.append((answer.status, document, sorted(answer.headers)))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 401


def said(answer: Answer) -> tuple[int, Any]:
    document = answer.json
    document.pop("requestId", None)
    return answer.status, document


async def test_registration_tells_nobody_which_addresses_are_taken(tmp_path: Path) -> None:
    """Row 43: where registration needs an invitation, or is closed, a taken address is refused like any other."""
    for mode, code in (("invite", "invitation_needed"), ("closed", "registration_closed")):
        async with live(tmp_path / mode, registration=mode) as server:
            root = await server.person("root", Role.ADMIN)
            assert (await root.call("POST", "/api/users", ME)).status == 201
            answers = [
                said(await server.call("POST", "/api/auth/register", {**ME, "email": email, **more}))
                for email in ("me@example.com", "free@example.com")
                for more in ({}, {"invitation": "fdi_guessed"})
            ]
            assert all(answer == answers[0] for answer in answers)
            assert (answers[0][0], answers[0][1]["code"]) == (403, code)


async def test_not_even_whoever_may_invite_learns_of_it(tmp_path: Path) -> None:
    """Row 43: an invitation for a taken address looks like any other, and the wrong words come back from using it."""
    async with live(tmp_path, registration="invite") as server:
        await server.person("taken")
        owner = await server.person("owner")
        made = await owner.call("POST", "/api/workspaces", {"name": "Ops"})
        chosen = {"X-FlowDesk-Workspace": made.json["id"]}
        codes: list[tuple[str, str]] = []
        shapes: list[list[str]] = []
        for email in ("taken@example.com", "free@example.com"):
            written = await owner.call("POST", "/api/invitations", {"email": email}, headers=chosen)
            assert written.status == 201
            shapes.append(sorted(written.json))
            codes.append((email, written.json["code"]))
        assert shapes[0] == shapes[1]
        (taken, first), (free, second) = codes
        guess = {"email": taken, "password": "abc123", "invitation": "fdi_guessed"}
        refusal = said(await server.call("POST", "/api/auth/register", guess))
        assert said(await server.call("POST", "/api/auth/register", {**guess, "invitation": first})) == refusal
        assert said(await server.call("POST", "/api/auth/register", {**guess, "invitation": second})) == refusal
        joined = await server.call("POST", "/api/auth/register", {**guess, "email": free, "invitation": second})
        assert joined.status == 201
        again = await server.call("POST", "/api/auth/register", {**guess, "email": free, "invitation": second})
        assert said(again) == refusal
        mine = (await server.call("GET", "/api/workspaces", token=joined.json["token"])).json
        assert [(one["name"], one["role"]) for one in mine] == [("personal", "owner"), ("Ops", "viewer")]


async def test_an_invitation_is_for_one_address_once_and_for_a_while(server: Live, ali: Person) -> None:
    workspace = (await ali.call("POST", "/api/workspaces", {"name": "Ops"})).json["id"]
    chosen = {"X-FlowDesk-Workspace": workspace}
    eve, bob = await server.person("eve"), await server.person("bob")
    written = (await ali.call("POST", "/api/invitations", {"email": "BOB@example.com"}, headers=chosen)).json
    for person, code in ((eve, written["code"]), (bob, "fdi_guessed"), (bob, written["code"][:-1])):
        answer = await person.call("POST", "/api/invitations/accept", {"invitation": code})
        assert (answer.status, answer.code) == (403, "invitation_needed")
    assert (await bob.call("POST", "/api/invitations/accept", {"invitation": written["code"]})).status == 200
    again = await bob.call("POST", "/api/invitations/accept", {"invitation": written["code"]})
    assert again.code == "invitation_needed"
    other = (await ali.call("POST", "/api/invitations", {"email": "eve@example.com"}, headers=chosen)).json
    listed = await ali.call("GET", "/api/invitations", headers=chosen)
    assert [one["id"] for one in listed.json] == [other["id"]]
    assert other["code"].encode() not in listed.body
    await ali.call("DELETE", f"/api/invitations/{other['id']}", headers=chosen)
    assert (await eve.call("POST", "/api/invitations/accept", {"invitation": other["code"]})).status == 403


@pytest.mark.parametrize(
    ("host", "given", "mode"),
    [
        ("127.0.0.1", None, "open"),
        ("127.8.8.8", None, "open"),
        ("::1", None, "open"),
        ("localhost", None, "open"),
        ("0.0.0.0", None, "invite"),
        ("::", None, "invite"),
        ("192.0.2.7", None, "invite"),
        ("flowdesk.example.com", None, "invite"),
        ("0.0.0.0", "open", "open"),
        ("127.0.0.1", "closed", "closed"),
    ],
)
def test_registration_is_open_on_loopback_only_unless_somebody_says_so(
    tmp_path: Path, host: str, given: Any, mode: str
) -> None:
    """Row 68."""
    assert Settings(data_dir=tmp_path, host=host, registration=given).registers == mode


async def test_guessing_slows_down_here_and_not_for_the_victim() -> None:
    """Row 44: failures from one place make that place wait, for known and unknown accounts alike."""
    clock = Watch()
    known = accounts(clock=clock)
    await known.create(ME["email"], ME["password"])
    for email in ("me@example.com", "nobody@example.com"):
        for _ in range(6):
            assert await refused(known.log_in(email, "wrong1", "6.6.6.6")) is Unauthenticated
        assert await refused(known.log_in(email, "abc123", "6.6.6.6")) is TooManyRequests
    assert (await known.log_in("me@example.com", "abc123", "1.2.3.4")).email == "me@example.com"
    clock.now += 1.5
    assert (await known.log_in("me@example.com", "abc123", "6.6.6.6")).email == "me@example.com"


async def test_one_line_of_ipv6_is_one_place() -> None:
    """Row 44: whoever has one of its 2^64 addresses has all of them, and gets no more guesses."""
    known = accounts()
    await known.create(ME["email"], ME["password"])
    answers = [await refused(known.log_in(ME["email"], "wrong1", f"2001:db8::{n:x}")) for n in range(7)]
    assert answers == [Unauthenticated] * 6 + [TooManyRequests]
    assert await refused(known.log_in(ME["email"], "wrong1", "2001:db8:0:1::1")) is Unauthenticated


async def test_many_places_guessing_at_one_account_are_slowed_down_together_but_not_who_is_known() -> None:
    """Row 44: a botnet gets no further than one attacker, and the victim comes in from a known place or device."""
    tokens = Tokens(KEY, hours=1)
    known = accounts(clock=Watch())
    me = await known.create(ME["email"], ME["password"])
    proof = tokens.issue_device(me)
    await known.log_in("me@example.com", "abc123", "home")
    for number in range(51):
        assert await refused(known.log_in("me@example.com", "wrong1", f"bot {number}")) is Unauthenticated
    assert await refused(known.log_in("me@example.com", "abc123", "bot 99")) is TooManyRequests
    assert await known.log_in("me@example.com", "abc123", "home") == me
    device = lambda email: tokens.device(proof, email)  # noqa: E731
    assert await known.log_in("me@example.com", "abc123", "travelling", device) == me
    assert await refused(known.log_in("you@example.com", "abc123", "bot 99", device)) is Unauthenticated


async def test_an_attacker_at_the_victims_address_does_not_lock_out_a_known_device(server: Live) -> None:
    """Row 44: over the wire, where everybody here has the same address."""
    freeze(server)
    device = (await server.call("POST", "/api/auth/register", ME)).json["deviceToken"]
    for _ in range(7):
        answer = await server.call("POST", "/api/auth/login", {**ME, "password": "wrong1"})
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert (await server.call("POST", "/api/auth/login", ME)).status == 429
    mine = await server.call("POST", "/api/auth/login", ME, headers={"X-FlowDesk-Device": device})
    assert mine.status == 200


async def test_a_device_is_no_free_ticket() -> None:
    """Row 44: failures of a known device count as well; a proof is for one account and is no token."""
    tokens = Tokens(KEY, hours=1)
    known = accounts(clock=Watch())
    me = await known.create(ME["email"], ME["password"])
    proof = tokens.issue_device(me)
    for _ in range(6):
        await refused(known.log_in("me@example.com", "wrong1", "x", lambda email: tokens.device(proof, email)))
    late = known.log_in("me@example.com", "abc123", "x", lambda email: tokens.device(proof, email))
    assert await refused(late) is TooManyRequests
    assert tokens.device(proof, "you@example.com") is None
    for noise in ("", "a.b.c", "é", "x" * 9999, tokens.issue(me), Tokens(b"o" * 32, hours=1).issue_device(me)):
        assert tokens.device(noise, "me@example.com") is None
    with pytest.raises(Unauthenticated):
        tokens.read(proof)


async def session(server: Live) -> Any:
    return (await server.call("POST", "/api/auth/register", ME)).json


async def test_a_refresh_token_works_once_and_brings_the_next(server: Live) -> None:
    """Row 39."""
    first = await session(server)
    second = await server.call("POST", "/api/auth/refresh", {"refreshToken": first["refreshToken"]})
    assert second.status == 200
    assert second.json["user"] == first["user"]
    assert (await server.call("GET", "/api/me", token=second.json["token"])).status == 200
    again = await server.call("POST", "/api/auth/refresh", {"refreshToken": first["refreshToken"]})
    assert (again.status, again.code) == (401, "invalid_token")
    third = await server.call("POST", "/api/auth/refresh", {"refreshToken": second.json["refreshToken"]})
    assert third.status == 200  # sent twice within seconds: no theft


async def test_a_refresh_token_that_comes_back_later_ends_the_session(server: Live) -> None:
    """Row 39: one of the two who have it has stolen it, so neither keeps what it brought."""
    first = await session(server)
    sessions = server.parts.sessions
    second = (await server.call("POST", "/api/auth/refresh", {"refreshToken": first["refreshToken"]})).json
    late = sessions._clock() + 60_000
    sessions._clock = lambda: late
    assert (await server.call("POST", "/api/auth/refresh", {"refreshToken": first["refreshToken"]})).status == 401
    for refused_token in (second["refreshToken"], first["refreshToken"]):
        answer = await server.call("POST", "/api/auth/refresh", {"refreshToken": refused_token})
        assert answer.status == 401
    assert (await server.call("GET", "/api/me", token=second["token"])).status == 401


@pytest.mark.parametrize("text", ["", "x", "fdr_", "fdr_x_y", "fdr_" + "x" * 190, "x" * 5000, None, 5, {"$gt": ""}])
async def test_what_is_no_refresh_token(server: Live, text: Any) -> None:
    """Rows 39 and 54."""
    answer = await server.call("POST", "/api/auth/refresh", {"refreshToken": text})
    assert answer.status in (401, 422)
    assert answer.code in ("invalid_token", "invalid")


async def test_logging_out_ends_this_session_and_no_other(server: Live) -> None:
    """Row 39."""
    one = await session(server)
    two = (await server.call("POST", "/api/auth/login", ME)).json
    assert (await server.call("POST", "/api/auth/logout", token=one["token"])).status == 204
    assert (await server.call("GET", "/api/me", token=one["token"])).status == 401
    assert (await server.call("POST", "/api/auth/refresh", {"refreshToken": one["refreshToken"]})).status == 401
    assert (await server.call("GET", "/api/me", token=two["token"])).status == 200
    assert (await server.call("POST", "/api/auth/logout", {"everywhere": True}, token=two["token"])).status == 204
    assert (await server.call("GET", "/api/me", token=two["token"])).status == 401
    assert (await server.call("POST", "/api/auth/refresh", {"refreshToken": two["refreshToken"]})).status == 401


async def test_a_new_password_ends_everything_but_the_session_that_asked(server: Live) -> None:
    one = await session(server)
    two = (await server.call("POST", "/api/auth/login", ME)).json
    wrong = {"current": "wrong1", "new": "other123"}
    assert (await server.call("POST", "/api/me/password", wrong, token=one["token"])).status == 401
    short = await server.call("POST", "/api/me/password", {"current": "abc123", "new": "x"}, token=one["token"])
    assert [problem["field"] for problem in short.json["problems"]] == ["new"]
    right = {"current": "abc123", "new": "other123"}
    fresh = await server.call("POST", "/api/me/password", right, token=one["token"])
    assert fresh.status == 200
    assert (await server.call("GET", "/api/me", token=fresh.json["token"])).status == 200
    for old in (one, two):
        assert (await server.call("GET", "/api/me", token=old["token"])).status == 401
        assert (await server.call("POST", "/api/auth/refresh", {"refreshToken": old["refreshToken"]})).status == 401
    assert (await server.call("POST", "/api/auth/login", ME)).status == 401
    assert (await server.call("POST", "/api/auth/login", {**ME, "password": "other123"})).status == 200


async def test_sessions_are_listed_without_what_they_are_used_with(server: Live) -> None:
    """Row 48."""
    one = await session(server)
    answer = await server.call("GET", "/api/me/sessions", token=one["token"])
    (shown,) = answer.json
    assert (shown["current"], shown["address"]) == (True, "127.0.0.1")
    assert one["refreshToken"].encode() not in answer.body
    stored = await server.parts.store.credentials.get(shown["id"])
    assert stored is not None
    assert one["refreshToken"] not in str(stored) + stored.digest


async def test_a_password_no_hash_can_take_costs_no_hash() -> None:
    """Row 45."""
    passwords = Counting()
    known = accounts(passwords)
    for password in ("x" * 73, "x" * 100_000, "short"):
        for attempt in (known.create("a@example.com", password), known.log_in("a@example.com", password, "x")):
            with pytest.raises(Invalid):
                await attempt
    assert passwords.asked == []
