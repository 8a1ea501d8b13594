"""What requests prove: every scheme as a table, whatever the headers hold."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from engine.errors import Invalid
from server.hooks.judging import Admission, admit, prove, refusal, verification_of
from server.hooks.policy import Policy
from server.hooks.proof import Proof
from server.hooks.signing import PRESETS, Fault, from_hex
from tests.server.hooks.policies import NOW_MS, NOW_S, policy, problems, proved, signed_by

SECRET, OLD = "s3cret-value-of-now", "s3cret-value-of-old"
BODY = b'{"id": "evt_1", "event_id": "Ev1", "n": 1}'


def mac(text: bytes, secret: str = SECRET, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), text, algorithm).digest()


def whsec(secret: str = SECRET) -> str:
    return "whsec_" + base64.b64encode(secret.encode()).decode()


def sign(preset: str, raw: bytes = BODY, *, at: int = NOW_S, secret: str = SECRET) -> dict[str, str]:
    """The headers a sender of this kind puts on a body."""
    if preset == "standard-webhooks":
        signature = base64.b64encode(mac(b"msg_1.%d." % at + raw, secret)).decode()
        return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}
    if preset == "github":
        return {"X-Hub-Signature-256": f"sha256={mac(raw, secret).hex()}", "X-GitHub-Delivery": "d-1"}
    if preset == "stripe":
        return {"Stripe-Signature": f"t={at},v1={mac(b'%d.' % at + raw, secret).hex()}"}
    if preset == "slack":
        signature = mac(b"v0:%d:" % at + raw, secret).hex()
        return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={signature}"}
    return {"X-Time": str(at), "X-Sig": f"s={mac(b'%d.' % at + raw, secret).hex()}", "X-Delivery": "g-1"}


def by(preset: str, **more: Any) -> Policy:
    if preset == "generic":
        more |= {"header": "X-Sig", "prefix": "s=", "timestampHeader": "X-Time", "deliveryHeader": "X-Delivery"}
    return signed_by(preset, **more)


def secret_of(preset: str, secret: str = SECRET) -> str:
    return whsec(secret) if preset == "standard-webhooks" else secret


EVERY = [*PRESETS, "generic"]
TIMED = [preset for preset in EVERY if preset != "github"]


@pytest.mark.parametrize("preset", EVERY)
def test_every_secret_that_is_live_is_good(preset: str) -> None:
    """Row 46: during a rotation both are accepted, and after it the old one is not."""
    live = secret_of(preset), secret_of(preset, OLD)
    for secret in (SECRET, OLD):
        assert proved(by(preset), sign(preset, secret=secret), BODY, *live).fault is None
    assert proved(by(preset), sign(preset, secret=OLD), BODY, live[0]).fault is Fault.WRONG
    assert proved(by(preset), sign(preset), BODY + b" ", *live).fault is Fault.WRONG
    assert proved(by(preset), sign(preset), BODY).fault is Fault.WRONG  # no secret is no open door


@pytest.mark.parametrize("preset", TIMED)
@pytest.mark.parametrize(
    ("off_s", "fault"), [(-300, None), (-301, Fault.OLD), (300, None), (301, Fault.EARLY), (10**11, Fault.EARLY)]
)
def test_the_signed_time_counts_both_ways(preset: str, off_s: int, fault: Fault | None) -> None:
    """Row 46: 300 s, before and after."""
    headers = sign(preset, at=NOW_S + off_s)
    assert proved(by(preset), headers, BODY, secret_of(preset)).fault is fault


@pytest.mark.parametrize("preset", TIMED)
def test_the_tolerance_can_be_chosen(preset: str) -> None:
    headers = sign(preset, at=NOW_S - 11)
    assert proved(by(preset, toleranceMs=10_000), headers, BODY, secret_of(preset)).fault is Fault.OLD
    assert proved(by(preset, toleranceMs=11_000), headers, BODY, secret_of(preset)).fault is None


@pytest.mark.parametrize("preset", TIMED)
def test_an_old_time_is_not_told_from_a_new_one_without_the_secret(preset: str) -> None:
    headers = sign(preset, at=NOW_S - 1000, secret=OLD)
    assert proved(by(preset), headers, BODY, secret_of(preset)).fault is Fault.WRONG


@pytest.mark.parametrize("preset", EVERY)
def test_what_is_missing_or_there_twice(preset: str) -> None:
    good = sign(preset)
    names = [name for name in good if name not in ("X-GitHub-Delivery", "X-Delivery")]
    for name in names:
        without = {other: value for other, value in good.items() if other != name}
        assert proved(by(preset), without, BODY, secret_of(preset)).fault in (Fault.MISSING, Fault.MALFORMED)
        twice = [*good.items(), (name, good[name])]
        assert proved(by(preset), twice, BODY, secret_of(preset)).fault in (Fault.MISSING, Fault.MALFORMED)


ODD = ["", " ", ",", "=", "v1", "v1,", "v1,é", "t=", "t=1,v1=", "t=x,v1=zz", "sha256=", "sha256=xyz", "v0=", "\udcff"]
ODD += ["v1,====", "0" * 300, "t=" + "9" * 40, "t=١,v1=00", "t=-1,v1=00", "1e9", "nan", "v1," * 500, "s=0"]


@pytest.mark.parametrize("preset", EVERY)
@pytest.mark.parametrize("odd", ODD)
def test_nothing_odd_is_believed_or_raised(preset: str, odd: str) -> None:
    """Row 46: a malformed signature is a refusal like any other."""
    good = sign(preset)
    for name in good:
        if name not in ("X-GitHub-Delivery", "X-Delivery"):
            assert proved(by(preset), good | {name: odd}, BODY, secret_of(preset)).fault is not None


@pytest.mark.parametrize("text", ["ab cd", " abcd", "abcd\n", "abc", "0xab", "１２", "ab" * 129])
def test_hexadecimal_is_digits_and_nothing_else(text: str) -> None:
    """Row 46: Python's own reading lets blanks pass."""
    assert from_hex(text) is None
    assert from_hex("aBcD") == b"\xab\xcd"


@given(st.sampled_from(EVERY), st.text(max_size=80), st.binary(max_size=40))
def test_nothing_at_all_is_believed_or_raised(preset: str, text: str, raw: bytes) -> None:
    headers = dict.fromkeys(sign(preset), text)
    assert proved(by(preset), headers, raw, secret_of(preset)).fault is not None


def test_a_dot_in_the_id_would_move_the_parts() -> None:
    """Row 46: one signature must not fit two messages."""
    raw = b"17.{}"
    headers = sign("standard-webhooks", raw)
    moved = headers | {"webhook-id": f"msg_1.{NOW_S}", "webhook-timestamp": "17"}
    assert proved(by("standard-webhooks"), moved, b"{}", whsec()).fault is Fault.MALFORMED


def test_a_secret_that_is_no_key_opens_nothing() -> None:
    """One that is not base64 is no `whsec_` secret; nobody can sign with zeros instead."""
    zeros = hmac.new(b"\0" * 32, b"msg_1.%d." % NOW_S + BODY, "sha256").digest()
    headers = sign("standard-webhooks") | {"webhook-signature": "v1," + base64.b64encode(zeros).decode()}
    assert proved(by("standard-webhooks"), headers, BODY, "whsec_!not base64!").fault is Fault.WRONG


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ({}, mac(BODY).hex()),
        ({}, mac(BODY).hex().upper()),
        ({"prefix": "sha512=", "algorithm": "sha512"}, "sha512=" + mac(BODY, algorithm="sha512").hex()),
        ({"encoding": "base64", "algorithm": "sha1"}, base64.b64encode(mac(BODY, algorithm="sha1")).decode()),
    ],
)
def test_a_signature_of_ones_own_description(more: dict[str, str], value: str) -> None:
    generic = signed_by("generic", header="X-Mine", **more)
    assert proved(generic, {"x-mine": value}, BODY, OLD, SECRET).fault is None
    assert proved(generic, {"x-mine": value}, BODY, OLD).fault is Fault.WRONG


@pytest.mark.parametrize(
    ("header", "given", "fault"),
    [
        ("Authorization", f"Bearer {SECRET}", None),
        ("Authorization", f"bearer   {SECRET}", None),
        ("Authorization", f"Bearer {OLD}", None),
        ("Authorization", SECRET, Fault.MALFORMED),
        ("Authorization", "Bearer ", Fault.MALFORMED),
        ("Authorization", f"Bearer {SECRET}x", Fault.WRONG),
        ("Authorization", "Bearer \udcff", Fault.WRONG),
        ("Authorization", None, Fault.MISSING),
        ("X-Gitlab-Token", SECRET, None),
        ("X-Gitlab-Token", f"Bearer {SECRET}", Fault.WRONG),
        ("X-Gitlab-Token", "", Fault.WRONG),
    ],
)
def test_tokens(header: str, given: str | None, fault: Fault | None) -> None:
    """Row 46."""
    token = policy(auth={"kind": "token", "secrets": ["{{secrets.A}}", "{{secrets.B}}"], "header": header})
    headers = {} if given is None else {header.lower(): given}
    assert proved(token, headers, b"", SECRET, OLD).fault is fault
    assert token.secrets == ("A", "B")
    assert token.hidden == {header.lower()}


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (_basic(f"ali:{SECRET}"), None),
        (_basic(f"ali:{OLD}").replace("Basic", "basic"), None),
        (_basic(f"Ali:{SECRET}"), Fault.WRONG),
        (_basic("ali:"), Fault.WRONG),
        (_basic("ali"), Fault.MALFORMED),
        ("Basic ***", Fault.MALFORMED),
        ("Basic é", Fault.MALFORMED),
        ("Basic /////w==", Fault.MALFORMED),
        (f"Bearer {SECRET}", Fault.MALFORMED),
        (None, Fault.MISSING),
    ],
)
def test_user_name_and_password(given: str | None, fault: Fault | None) -> None:
    """Row 46."""
    basic = policy(auth={"kind": "basic", "username": "ali", "secrets": ["{{secrets.A}}"]})
    headers = {} if given is None else {"Authorization": given}
    assert proved(basic, headers, b"", SECRET, OLD).fault is fault


def admitted(preset: str, headers: Mapping[str, str], raw: bytes = BODY) -> Admission:
    chosen, multi = by(preset), CIMultiDict(headers)
    proof = prove(chosen, multi, raw, (secret_of(preset),), NOW_MS)
    assert proof.fault is None
    data = json.loads(raw) if raw.startswith(b"{") else {}
    return admit(chosen, multi, data, raw, proof)


@pytest.mark.parametrize(
    ("preset", "key"),
    [("standard-webhooks", "msg_1"), ("github", "d-1"), ("stripe", "evt_1"), ("slack", "Ev1"), ("generic", "g-1")],
)
def test_a_delivery_is_known_by_the_senders_own_id(preset: str, key: str) -> None:
    """R6: another attempt at the same delivery, signed anew, has the same key."""
    first = admitted(preset, sign(preset))
    again = admitted(preset, sign(preset, at=NOW_S + 60))
    assert first == again
    assert first.key == f"hook:{key}"
    assert (first.payload_hash is None) == (preset in ("stripe", "slack"))


@pytest.mark.parametrize("preset", ["github", "slack", "generic", "stripe"])
def test_without_an_id_the_signed_content_is_the_key(preset: str) -> None:
    """Row 46: what was overheard gives the first run again, whatever else is put on it."""
    raw = b"command=%2Fgo" if preset == "slack" else b'{"n": 1}'
    headers = {name: value for name, value in sign(preset, raw).items() if "Delivery" not in name}
    first = admitted(preset, headers, raw)
    dressed_up = admitted(preset, headers | {"Idempotency-Key": "mine", "webhook-id": "mine"}, raw)
    assert first == dressed_up
    assert first.key is not None
    assert first.key.startswith("hook-signed:")
    other = b"command=%2Fstop" if preset == "slack" else b'{"n": 2}'
    unsigned = {name: value for name, value in sign(preset, other).items() if "Delivery" not in name}
    assert admitted(preset, unsigned, other).key != first.key


def test_slack_hears_its_challenge_back() -> None:
    raw = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB10FEMAGAZd4FyFQ", "token": "x"}).encode()
    assert admitted("slack", sign("slack", raw), raw) == Admission(greeting="3eZbrw1aB10FEMAGAZd4FyFQ")
    long = json.dumps({"type": "url_verification", "challenge": "x" * 1001}).encode()
    assert admitted("slack", sign("slack", long), long).greeting is None


def test_a_bad_id_names_its_header() -> None:
    chosen, headers = by("github"), CIMultiDict(sign("github") | {"X-GitHub-Delivery": "x" * 300})
    with pytest.raises(Invalid) as caught:
        admit(chosen, headers, {}, BODY, Proof(None, b"s"))
    assert [problem.field for problem in caught.value.problems] == ["X-GitHub-Delivery"]


def test_a_refusal_says_where_and_not_what() -> None:
    """Row 46: the same words whatever is wrong."""
    auth = by("github").auth
    assert auth is not None
    error = refusal(auth)
    assert error.code == "webhook_unauthorized"
    assert error.challenge == 'Signature header="X-Hub-Signature-256"'
    assert "X-Hub-Signature-256" in (error.hint or "")


def test_whoever_tests_hears_what_was_wrong() -> None:
    chosen = by("github")
    assert verification_of(chosen, Proof(Fault.WRONG), Invalid()) == {
        "accepted": False,
        "reason": "the credentials fit none of the secrets",
        "code": "webhook_unauthorized",
        "field": "X-Hub-Signature-256",
    }
    found = verification_of(chosen, Proof(None, b"s"), Admission("hook:d-1"))
    assert found == {"accepted": True, "reason": "it would start a run", "idempotencyKey": "d-1"}


def test_the_key_of_signed_content_fits_the_store() -> None:
    assert len(f"hook-signed:{hashlib.sha256(b'').hexdigest()}") < 200


A = ["{{secrets.A}}"]


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"auth": {"kind": "hmac", "preset": "github", "secrets": ["plain-secret"]}}, "auth.secrets[0]", "{{secrets.N"),
        ({"auth": {"kind": "hmac", "preset": "github", "secrets": ["{{data.x}}"]}}, "auth.secrets[0]", "{{secrets.N"),
        ({"auth": {"kind": "hmac", "preset": "github", "secrets": ["x{{secrets.A}}"]}}, "auth.secrets[0]", "{{secr"),
        ({"auth": {"kind": "hmac", "preset": "github", "secrets": ["{{secrets.C}}"]}}, "auth.secrets[0]", "no secret"),
        ({"auth": {"kind": "hmac", "preset": "github", "secrets": []}}, "auth.secrets", "empty"),
        ({"auth": {"kind": "hmac", "preset": "gitbub", "secrets": A}}, "auth.preset", "should be"),
        ({"auth": {"kind": "hmac", "secrets": A}}, "auth", "which header"),
        ({"auth": {"kind": "hmac", "preset": "slack", "secrets": A, "header": "X"}}, "auth", "decides about header"),
        ({"auth": {"kind": "hmac", "header": "a b", "secrets": A}}, "auth.header", "not a header name"),
        ({"auth": {"kind": "basic", "username": "a:b", "secrets": A}}, "auth.username", "colon"),
        ({"auth": {"kind": "magic"}}, "auth", "none"),
        ({"cors": {"origins": ["https://a.example/x"]}}, "cors.origins[0]", "origin"),
        ({"allowFrom": ["192.0.2.1/24"]}, "allowFrom[0]", "host bits"),
        ({"contentTypes": ["application/json; charset=utf-8"]}, "contentTypes[0]", "without parameters"),
        ({"bodySchema": {"type": "object", "$ref": "x"}}, "bodySchema", "not understood"),
        ({"respond": "static", "answer": {"body": "{{data.x}}"}}, "answer", "not filled in"),
        ({"answer": {"body": "ok"}}, "", "respond: static"),
        ({"respond": "static", "answer": {"headers": {"Connection": "close"}}}, "answer.headers", "may not be set"),
    ],
)
def test_a_bad_setting_is_refused_when_it_is_saved(params: dict[str, Any], field: str, words: str) -> None:
    found = problems(params)
    assert any((at or "").startswith(f"params.{field}".rstrip(".")) and words in said for at, said in found), found
    assert "plain-secret" not in str(found)  # a secret typed where its name belongs is not repeated
