"""Tokens: what is refused, and that remembering them opens nothing."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest

from engine.models.run import Role, User
from server import tokens
from server.problems import Unauthenticated
from server.tokens import ALGORITHM, AUDIENCE, ISSUER, MAX_TOKEN_CHARS, Tokens

KEY = bytes(range(32))
USER = User("u1", "me@example.com", "!", Role.USER, 0, token_version=3)


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def claims(changes: Mapping[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    good: dict[str, Any] = {
        "sub": "u1",
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 60,
        "typ": "access",
        "ver": 3,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(changes: Mapping[str, Any] | None = None, key: bytes = KEY, algorithm: str = ALGORITHM) -> str:
    return jwt.encode(claims(changes or {}), key, algorithm=algorithm)


def test_round_trip() -> None:
    made = Tokens(KEY, hours=1)
    found = made.read(made.issue(USER))
    assert (found.user_id, found.version) == ("u1", 3)
    assert made.read(signed()).user_id == "u1"


@pytest.mark.parametrize("missing", ["exp", "iat", "sub", "aud", "iss", "typ", "ver"])
def test_every_claim_is_required(missing: str) -> None:
    """Row 39."""
    with pytest.raises(Unauthenticated):
        Tokens(KEY, hours=1).read(signed({missing: None}))


WRONG: dict[str, dict[str, Any]] = {
    "audience": {"aud": "other"},
    "two audiences": {"aud": [AUDIENCE, "other"]},
    "issuer": {"iss": "other"},
    "type": {"typ": "refresh"},
    "list of types": {"typ": ["access"]},
    "version as text": {"ver": "3"},
    "version as truth": {"ver": True},
    "expired": {"exp": 1},
    "expiry as text": {"exp": "soon"},
    "expiry as float": {"exp": 1e300},
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_claims(kind: str) -> None:
    """Row 39."""
    with pytest.raises(Unauthenticated):
        Tokens(KEY, hours=1).read(signed(WRONG[kind]))


@pytest.mark.parametrize("subject", [5, {"$gt": ""}, ["u1"], True])
def test_a_subject_is_a_text(subject: Any) -> None:
    """Row 54: operators and other values in `sub` never reach a store."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(json.dumps(claims({"sub": subject})).encode()).rstrip(b"=").decode()
    signature = hmac.new(KEY, f"{head}.{body}".encode(), "sha256").digest()
    with pytest.raises(Unauthenticated):
        Tokens(KEY, hours=1).read(f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")


def raw(header: bytes, body: bytes, signature: bytes = b"") -> str:
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, body, signature))


def hmac_with_empty_key() -> str:
    head, body, _ = signed().split(".")
    signature = hmac.new(b"", f"{head}.{body}".encode(), "sha256").digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


BROKEN: dict[str, Callable[[], str]] = {
    "empty": str,
    "no parts": lambda: "abc",
    "three parts": lambda: "a.b.c",
    "not ascii": lambda: "é" * 20,
    "not utf-8": lambda: "\udcff.\udcff.\udcff",
    "long": lambda: "x" * (MAX_TOKEN_CHARS + 1),
    "unsigned": lambda: raw(b'{"alg":"none","typ":"JWT"}', b'{"sub":"u1"}'),
    "a list": lambda: raw(b'{"alg":"HS256"}', b"[]", b"x"),
    "no json": lambda: raw(b"not json", b"{}", b"x"),
    "another key": lambda: signed(key=b"k" * 32),
    "an empty key": hmac_with_empty_key,
    "another algorithm": lambda: signed(key=KEY + KEY, algorithm="HS512"),
    "a changed signature": lambda: signed()[:-4] + "AAAA",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_forged_and_broken_tokens(kind: str) -> None:
    """Row 39: none, other algorithms, other keys and noise are all refused alike."""
    with pytest.raises(Unauthenticated) as caught:
        Tokens(KEY, hours=1).read(BROKEN[kind]())
    assert caught.value.code == "invalid_token"


def test_remembered_tokens_expire_too() -> None:
    """Row 39: expiry is looked at on every use."""
    clock = Clock()
    made = Tokens(KEY, hours=1, clock=clock)
    token = made.issue(USER)
    assert made.read(token).user_id == "u1"
    clock.now += 3600
    with pytest.raises(Unauthenticated) as caught:
        made.read(token)
    assert caught.value.code == "expired_token"


def test_memory_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    made = Tokens(KEY, hours=1)
    for number in range(10):
        made.read(signed({"sub": f"u{number}"}))
    assert len(made._remembered) == 3


def test_local_token_ends_with_its_process() -> None:
    first, second = Tokens(KEY, hours=1), Tokens(KEY, hours=1)
    token = first.issue_local(USER)
    assert first.read(token).user_id == "u1"
    with pytest.raises(Unauthenticated):
        second.read(token)
