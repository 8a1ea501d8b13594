"""Row 46: a webhook's call that is forged, replayed, old or signed with a secret that is gone."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.security.canary import CANARY, shown_in_database, shows
from tests.security.hooking import NEXT, SECRET, deliver, keep, signature, signed_hook
from tests.server.hooks.policies import proved, signed_by
from tests.server.live import Live, Person, greet, live, webhook


async def test_every_refusal_is_the_same(server: Live, ali: Person) -> None:
    """Row 46: nothing in the answer tells what is wrong, and nothing is started."""
    path = f"/api/hooks/{await signed_hook(ali)}"
    raw = b'{"name": "Ali"}'
    wrong: list[dict[str, str]] = [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256=zz"},
        {"X-Hub-Signature-256": signature(raw)[:-1]},
        {"X-Hub-Signature-256": signature(raw, NEXT)},
        {"X-Hub-Signature-256": signature(raw + b" ")},
        {"X-Hub-Signature-256": signature(raw).removeprefix("sha256=")},
        {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), raw, hashlib.sha1).hexdigest()},
        {"Authorization": f"Bearer {SECRET}"},
        {"X-Hub-Signature-256": signature(raw, NEXT), "X-GitHub-Delivery": "x" * 999},
    ]
    answers = [await server.call("POST", path, raw=raw, headers=headers) for headers in wrong]
    assert {(answer.status, answer.code) for answer in answers} == {(401, "webhook_unauthorized")}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Signature header="X-Hub-Signature-256"'}
    for answer in answers:
        answer.json.pop("requestId")
    assert len({json.dumps({**answer.json, "requestId": ""}) for answer in answers}) == 1
    assert "X-Hub-Signature-256" in answers[0].json["hint"]
    assert await ali.get("/api/runs") == []
    good = await server.call("POST", path, raw=raw, headers={"X-Hub-Signature-256": signature(raw)})
    assert good.status == 202


def test_a_refusal_takes_as_much_work_whatever_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 46: the body is signed with every secret, and compared, for good and bad, missing and malformed alike."""
    work: list[int] = []
    compared: list[int] = []
    by, raw, new, compare = signed_by("github"), b"x" * 1000, hmac.new, hmac.compare_digest
    tries: list[dict[str, str]] = [
        {"X-Hub-Signature-256": signature(raw)},
        {"X-Hub-Signature-256": signature(raw, NEXT)},
        {"X-Hub-Signature-256": "nonsense"},
        {},
    ]

    def signing(key: bytes, message: bytes, how: str) -> hmac.HMAC:
        work.append(len(message))
        return new(key, message, how)

    def comparing(one: bytes, other: bytes) -> bool:
        compared.append(1)
        return compare(one, other)

    monkeypatch.setattr(hmac, "new", signing)
    monkeypatch.setattr(hmac, "compare_digest", comparing)
    for headers in tries:
        proved(by, headers, raw, SECRET, "another-secret-of-now")
        assert (work, len(compared)) == ([1000, 1000], 2)
        work.clear()
        compared.clear()


async def test_a_replay_gives_the_first_run(server: Live, ali: Person) -> None:
    """R6, rows 18 and 46: the same signed call is the same run, also in parallel, whatever unsigned headers it has."""
    path = f"/api/hooks/{await signed_hook(ali)}"
    answers = await asyncio.gather(*(deliver(server, path, delivery="d-1") for _ in range(5)))
    assert len({answer.json["runId"] for answer in answers}) == 1
    plain = await deliver(server, path)
    dressed = await deliver(server, path, **{"Idempotency-Key": "mine", "webhook-id": "m-9"})
    assert dressed.json == {**plain.json, "duplicate": True, "status": dressed.json["status"]}
    other = await deliver(server, path, {"name": "Bo"}, delivery="d-1")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert len(await ali.get("/api/runs")) == 2


async def test_a_replay_gives_the_first_run_after_a_restart(tmp_path: Path) -> None:
    """R6, row 18: the key is on disk."""
    runs = set()
    async with live(tmp_path / "data") as server:
        ali = await server.person("ali")
        path = f"/api/hooks/{await signed_hook(ali)}"
        runs.add((await deliver(server, path, delivery="d-1")).json["runId"])
    async with live(tmp_path / "data") as server:
        again = await deliver(server, path, delivery="d-1")
        runs.add(again.json["runId"])
    assert len(runs) == 1


async def test_stripe_tries_again_with_a_new_time_and_the_same_event(server: Live, ali: Person) -> None:
    """R6, row 46: the event's id is what counts; its envelope may change, an old signature is worth nothing."""
    path = f"/api/hooks/{await signed_hook(ali, 'stripe')}"

    async def send(pending: int, at: int) -> Any:
        raw = json.dumps({"id": "evt_1", "pending_webhooks": pending}).encode()
        mac = hmac.new(SECRET.encode(), b"%d." % at + raw, hashlib.sha256).hexdigest()
        return await server.call("POST", path, raw=raw, headers={"Stripe-Signature": f"t={at},v1={mac}"})

    now = int(time.time())
    first, again, old = await send(2, now), await send(1, now - 60), await send(1, now - 400)
    assert first.status == again.status == 202
    assert first.json["runId"] == again.json["runId"]
    assert (old.status, old.code) == (401, "webhook_unauthorized")


async def test_slack_registers_an_address(server: Live, ali: Person) -> None:
    """Row 46: the challenge is answered when it is signed, and starts nothing."""
    path = f"/api/hooks/{await signed_hook(ali, 'slack')}"
    raw, at = b'{"type": "url_verification", "challenge": "abc<b>"}', int(time.time())
    mac = "v0=" + hmac.new(SECRET.encode(), b"v0:%d:" % at + raw, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": mac, "Content-Type": "application/json"}
    answer = await server.call("POST", path, raw=raw, headers=headers)
    assert (answer.status, answer.body) == (200, b"abc<b>")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    forged = await server.call("POST", path, raw=raw, headers=headers | {"X-Slack-Signature": "v0=00"})
    assert forged.status == 401
    assert await ali.get("/api/runs") == []


async def test_a_secret_is_replaced_without_losing_a_call(server: Live, ali: Person) -> None:
    """Row 46: several are live during the rotation; what is changed or removed counts at once."""
    await keep(ali, "HOOK")
    await keep(ali, "HOOK_OLD", NEXT)
    auth = {"kind": "hmac", "preset": "github", "secrets": ["{{secrets.HOOK}}", "{{secrets.HOOK_OLD}}"]}
    workflow_id = await ali.save(webhook("greet", auth=auth), greet())
    path = f"/api/hooks/{workflow_id}"
    for number, secret in enumerate((SECRET, NEXT)):
        assert (await deliver(server, path, number, secret=secret)).status == 202
    used = {secret["name"]: secret["usedBy"] for secret in await ali.get("/api/secrets")}
    assert [used[name][0]["workflowId"] for name in ("HOOK", "HOOK_OLD")] == [workflow_id] * 2
    assert used["HOOK"][0]["stepIds"] == ["hook"]
    assert (await ali.call("DELETE", "/api/secrets/HOOK_OLD")).code == "secret_in_use"
    assert (await ali.call("DELETE", "/api/secrets/HOOK_OLD?force=true")).status == 204
    assert (await deliver(server, path, 3, secret=NEXT)).status == 401
    assert (await deliver(server, path, 3)).status == 202
    assert (await ali.call("PUT", "/api/secrets/HOOK", {"value": "another-s3cret"})).status == 200
    assert (await deliver(server, path, 4)).status == 401
    assert (await deliver(server, path, 4, secret="another-s3cret")).status == 202


async def test_without_any_secret_nobody_is_let_in(server: Live, ali: Person) -> None:
    """Row 46: a webhook whose secret is gone is closed, and says that it is not the caller's fault."""
    path = f"/api/hooks/{await signed_hook(ali)}"
    assert (await ali.call("DELETE", "/api/secrets/HOOK?force=true")).status == 204
    answer = await deliver(server, path)
    assert (answer.status, answer.code) == (503, "webhook_not_ready")
    assert "HOOK" not in answer.json["detail"] + answer.json["hint"]
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize(
    ("auth", "good", "bad"),
    [
        ({"kind": "token"}, {"Authorization": f"Bearer {CANARY}"}, {"Authorization": "Bearer x"}),
        ({"kind": "token", "header": "X-Proof"}, {"X-Proof": CANARY}, {"X-Proof": "x", "Authorization": "Bearer y"}),
        (
            {"kind": "basic", "username": "ali"},
            {"Authorization": "Basic " + base64.b64encode(f"ali:{CANARY}".encode()).decode()},
            {"Authorization": "Basic YWxpOng="},
        ),
    ],
)
async def test_what_a_caller_sends_to_prove_itself_is_kept_nowhere(
    tmp_path: Path, auth: dict[str, str], good: dict[str, str], bad: dict[str, str]
) -> None:
    """Rows 46 and 48: tokens and passwords are compared, and masked in what the run and a sample keep."""
    async with live(tmp_path / "data") as server:
        ali = await server.person("ali")
        await keep(ali, "HOOK", CANARY)
        workflow_id = await ali.save(webhook("greet", auth={**auth, "secrets": ["{{secrets.HOOK}}"]}), greet())
        path = f"/api/hooks/{workflow_id}"
        refused = await server.call("POST", path, {}, headers=bad)
        assert (refused.status, refused.code) == (401, "webhook_unauthorized")
        assert refused.headers["WWW-Authenticate"].startswith(("Bearer", "Token", "Basic"))
        accepted = await server.call("POST", path, {}, headers=good)
        assert accepted.status == 202
        journal = await ali.call("GET", f"/api/runs/{accepted.json['runId']}/journal")
        assert shows(journal.body) is None
        await ali.call("POST", f"/api/workflows/{workflow_id}/capture", {"address": "test"})
        assert (await server.call("POST", f"{path}/test", {}, headers=good)).json["captured"] is True
        assert shows((await ali.call("GET", f"/api/workflows/{workflow_id}/samples")).body) is None
    assert shown_in_database(tmp_path / "data" / "flowdesk.db") == []
