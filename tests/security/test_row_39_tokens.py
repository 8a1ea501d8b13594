"""Row 39: forged, expired and foreign tokens, over the wire."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt

from server.tokens import ALGORITHM, AUDIENCE, ISSUER
from tests.server.live import Live, Person


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_every_forgery_is_the_same_401(server: Live, ali: Person) -> None:
    """Row 39: no algorithm, an empty key, another key, issuer, audience, kind or time: nothing tells them apart."""
    key = server.parts.settings.signing_key_file.read_bytes()
    now = int(time.time())
    good = {"sub": ali.user.id, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60, "typ": "access", "ver": 0}
    head, body, signature = ali.token.split(".")

    def signed(with_key: bytes = key, **changes: Any) -> str:
        return jwt.encode({**good, **changes}, with_key, algorithm=ALGORITHM)

    forged = {
        "alg none": f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(good)}.",
        "alg none, signed": f"{_part({'alg': 'None'})}.{body}.{signature}",
        "another payload": f"{head}.{_part({**good, 'sub': 'x'})}.{signature}",
        "no signature": f"{head}.{body}.",
        "cut": ali.token[:-2],
        "another key": signed(b"k" * 32),
        "issuer": signed(iss="elsewhere"),
        "audience": signed(aud="elsewhere"),
        "kind": signed(typ="refresh"),
        "version": signed(ver=1),
        "unknown user": signed(sub="0" * 26),
        "key id of a file": f"{_part({'alg': 'HS256', 'kid': '/dev/null'})}.{body}.{signature}",
    }
    assert (await server.call("GET", "/api/me", token=signed())).status == 200, "the others fail for what they say"
    said = set()
    for name, token in forged.items():
        answer = await server.call("GET", "/api/me", token=token)
        assert answer.status == 401, name
        assert answer.headers["WWW-Authenticate"].startswith("Bearer"), name
        problem = answer.json
        assert token not in json.dumps(problem), name
        said.add((problem["code"], problem["title"]))
    assert len(said) == 1, said
    expired = await server.call("GET", "/api/me", token=signed(exp=now - 1))
    assert (expired.status, expired.code) == (401, "expired_token"), "only who had a good one learns so much"
    assert (await server.call("GET", "/api/me", token=signed(b"k" * 32, exp=now - 1))).code == "invalid_token"


async def test_a_token_counts_in_its_header_only(server: Live, ali: Person) -> None:
    """Row 39: addresses end up in logs and histories, and cookies are sent by pages of others."""
    for path in (f"/api/me?token={ali.token}", f"/api/me?access_token={ali.token}"):
        assert (await server.call("GET", path)).status == 401
    cookies = {"Cookie": f"token={ali.token}; Authorization=Bearer {ali.token}"}
    assert (await server.call("GET", "/api/me", headers=cookies)).status == 401
