"""Row 20: a flood is answered with 429, says when to come again, and takes nothing from others.

How the queue is shared between workspaces is in tests/engine/test_queue.py, and two of them under load in
tests/security/test_row_66_two_tenants.py.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from server.app import all_routes
from server.openapi import api_description, plain_path
from server.proxies import network_of
from server.rates.limiter import DEFAULTS, rates_of
from server.settings import Settings
from tests.server.live import Answer, Live, live, webhook

ALL_OFF: dict[str, Any] = {"rate_user": "off", "rate_workspace": "off", "rate_hook": "off", "rate_address": "off"}


def standing(answer: Answer) -> dict[str, int]:
    """How many requests each limit would still let in."""
    parts = (one.split(";") for one in answer.headers.get("RateLimit", "").split(", ") if one)
    return {name.strip('"'): int(left.removeprefix("r=")) for name, left, _ in parts}


def refused(answer: Answer, whose: str) -> int:
    """After how many seconds to come again."""
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert whose in answer.json["detail"]
    assert "wait" in answer.json["hint"]
    return int(answer.headers["Retry-After"])


async def deliver(server: Live, hook: str, **more: Any) -> Answer:
    return await server.call("POST", f"/api/hooks/{hook}", {}, **more)


async def test_a_hook_has_its_limit_and_its_neighbour_its_own(tmp_path: Path) -> None:
    """Row 20."""
    async with live(tmp_path / "data", **{**ALL_OFF, "rate_hook": "3/h"}) as server:
        ali = await server.person("ali")
        flooded, quiet = await ali.save(webhook()), await ali.save(webhook())
        for left in (2, 1, 0):
            taken = await deliver(server, flooded)
            assert (taken.status, standing(taken)) == (202, {"hook": left})
            assert taken.headers["RateLimit-Policy"] == '"hook";q=3;w=3600'
        over = await deliver(server, flooded)
        assert 1190 <= refused(over, "this webhook") <= 1200
        assert standing(over) == {"hook": 0}
        assert (await deliver(server, quiet)).status == 202
        assert len(await ali.get(f"/api/runs?workflowId={flooded}")) == 3, "what is refused starts nothing"


async def test_a_hook_may_ask_for_less(tmp_path: Path) -> None:
    """Row 20: its trigger's `rateLimit` holds beside the server's, and also where the server has none."""
    async with live(tmp_path / "data", **ALL_OFF) as server:
        ali = await server.person("ali")
        hook = await ali.save(webhook(rateLimit={"limit": 2, "windowMs": 60_000}))
        assert [(await deliver(server, hook)).status for _ in range(3)] == [202, 202, 429]
        assert refused(await deliver(server, hook), "rateLimit of its trigger") <= 30
        bad = await ali.call(
            "POST", "/api/workflows", {"name": "w", "steps": [webhook(rateLimit={"limit": 0, "perMinute": 1})]}
        )
        assert bad.status == 422
        fields = {problem["field"] for problem in bad.json["problems"]}
        assert fields == {"params.rateLimit.limit", "params.rateLimit.perMinute"}


async def test_forged_deliveries_use_up_nothing_of_the_real_senders(tmp_path: Path) -> None:
    """Rows 20, 46: who proves nothing is counted by address, and slowed down there."""
    limits: dict[str, Any] = {**ALL_OFF, "rate_hook": "2/h", "rate_address": "4/h"}
    async with live(tmp_path / "data", **limits) as server:
        ali = await server.person("ali")
        made = await ali.call("POST", "/api/secrets", {"name": "HOOK", "value": "s3cret-of-the-sender"})
        assert made.status == 201, made.body
        auth = {"kind": "hmac", "preset": "github", "secrets": ["{{secrets.HOOK}}"]}
        hook = await ali.save(webhook(auth=auth))
        forged = {"X-Hub-Signature-256": "sha256=" + "0" * 64, "X-GitHub-Delivery": "1"}
        for left in (3, 2, 1, 0):
            answer = await deliver(server, hook, headers=forged)
            assert (answer.status, standing(answer)) == (401, {"address": left})
        refused(await deliver(server, hook, headers=forged), "this address")
        mac = hmac.new(b"s3cret-of-the-sender", b"{}", hashlib.sha256).hexdigest()
        for number, status in ((1, 202), (2, 202), (3, 429)):
            signed = {"X-Hub-Signature-256": f"sha256={mac}", "X-GitHub-Delivery": f"d{number}"}
            assert (await deliver(server, hook, headers=signed)).status == status


async def test_users_keys_and_workspaces(tmp_path: Path) -> None:
    """Row 20: each user and each key has a limit of its own, and all together that of the workspace they act in."""
    limits: dict[str, Any] = {**ALL_OFF, "rate_user": "4/h", "rate_workspace": "6/h"}
    async with live(tmp_path / "data", **limits) as server:
        ali, ben = await server.person("ali"), await server.person("ben")
        made = await ali.call("POST", "/api/keys", {"name": "ci", "scopes": ["workflows:read"], "days": 1})
        assert standing(made) == {"user": 3, "workspace": 5}
        key = made.json["key"]
        for _ in range(3):
            assert (await ali.call("GET", "/api/workflows")).status == 200
        refused(await ali.call("GET", "/api/workflows"), "this user")
        with_key = await server.call("GET", "/api/workflows", token=key)
        assert (with_key.status, standing(with_key)) == (200, {"user": 3, "workspace": 1})
        assert (await server.call("GET", "/api/workflows", token=key)).status == 200
        refused(await server.call("GET", "/api/workflows", token=key), "this workspace")
        assert (await ben.call("GET", "/api/workflows")).status == 200


async def test_strangers_share_what_is_for_their_address(tmp_path: Path) -> None:
    """Rows 20, 44, 47: guessing tokens, addresses of webhooks and passwords is slowed down; who has a token is not."""
    limits: dict[str, Any] = {**ALL_OFF, "rate_address": "4/h", "trusted_proxies": ("127.0.0.1",)}
    async with live(tmp_path / "data", **limits) as server:
        ali = await server.person("ali")
        hook = await ali.save(webhook())
        here = {"X-Forwarded-For": "2001:db8::1"}
        assert (await server.call("GET", "/api/runs", token="x", headers=here)).status == 401
        assert (await deliver(server, "0" * 26, headers=here)).status == 404
        assert (await server.call("POST", "/api/auth/login", {}, headers=here)).status == 422
        assert (await server.call("GET", "/api/runs", headers=here)).status == 401
        near = {"X-Forwarded-For": "2001:db8::2"}
        for answer in (
            await server.call("GET", "/api/runs", token="x", headers=near),
            await deliver(server, "0" * 26, headers=near),
            await server.call("POST", "/api/auth/login", {}, headers=near),
        ):
            refused(answer, "this address")
        assert (await ali.call("GET", "/api/runs", headers=near)).status == 200
        assert (await deliver(server, hook, headers=near)).status == 202
        assert (await server.call("GET", "/healthz", headers=near)).status == 200
        assert (await server.call("GET", "/api/runs", headers={"X-Forwarded-For": "2001:db9::"})).status == 401


@pytest.mark.parametrize(
    ("given", "limited"),
    [
        ({}, False),
        ({"host": "localhost"}, False),
        ({"public_url": "http://127.0.0.1:4000"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "192.0.2.1"}, True),
        ({"trusted_proxies": "127.0.0.1"}, True),
        ({"public_url": "https://flows.example.org"}, True),
    ],
)
def test_limits_hold_where_others_can_reach_the_server(given: dict[str, Any], limited: bool) -> None:
    """Row 20: nobody limits themselves on their own machine."""
    settings = Settings(**given)
    assert {kind: str(rate or "off") for kind, rate in rates_of(settings).items()} == (
        dict(DEFAULTS) if limited else dict.fromkeys(DEFAULTS, "off")
    )
    assert settings.registers == ("invite" if limited else "open")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, counted: str) -> None:
    """Row 20: one line of IPv6 has 2^64 addresses, and is one caller."""
    assert network_of(address) == counted


def test_whoever_reads_the_description_knows_what_to_expect() -> None:
    """Row 20: every operation but those that always answer says 429, and with which headers."""
    document = api_description(all_routes(), version="0")
    headers = document["components"]["responses"]["429"]["headers"]
    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} == set(headers)
    for route in all_routes():
        described = document["paths"][plain_path(route.path)][route.method.lower()]["responses"]
        assert ("429" in described) is not route.early, route.path
