"""What a review says of webhooks, secrets, API keys and members, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from engine.models.workflow import Workflow
from engine.secret_rows import SecretRow
from engine.tenancy import Credential, CredentialKind, Member, MemberRole
from server.review.findings import CATALOGUE, Finding, Severity, worst_first
from server.review.workspace import DAY_MS, review_hooks, review_keys, review_member, review_secrets

NOW = 1_000 * DAY_MS


def hook(params: dict[str, Any], *, enabled: bool = True) -> Workflow:
    step = {"id": "in", "type": "TRIGGER", "ref": "http.webhook", "params": params}
    document = {"id": "w1", "name": "Orders", "ownerId": "o", "enabled": enabled, "steps": [step], "version": 1}
    return Workflow.model_validate({**document, "createdAt": NOW, "updatedAt": NOW})


def codes(found: Any) -> list[str]:
    return [one.code for one in found]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["hook.open"]),
        ({"auth": {"kind": "none"}}, ["hook.open"]),
        ({"cors": {"origins": ["https://app.example.com"]}}, ["hook.open"]),
        ({"cors": {"origins": ["*"]}}, ["hook.open_to_pages"]),
        ({"auth": {"kind": "token"}, "cors": {"origins": ["*"]}}, []),
        ({"auth": {"kind": "basic"}}, []),
        ({"auth": {"kind": "hmac", "preset": "stripe"}}, []),
        ({"auth": {"kind": "hmac", "preset": "github"}}, ["hook.no_time"]),
        ({"auth": {"kind": "hmac", "header": "X-Sig"}}, ["hook.no_time"]),
        ({"auth": {"kind": "hmac", "header": "X-Sig", "timestampHeader": "X-Time"}}, []),
        ({"auth": {"kind": "hmac", "preset": "slack", "toleranceMs": 3_600_000}}, ["hook.tolerance"]),
    ],
)
def test_webhooks(params: dict[str, Any], expected: list[str]) -> None:
    """Row 46: who proves nothing, or could repeat an old call, is told of."""
    found = list(review_hooks(hook(params)))
    assert codes(found) == expected
    assert all(one.where == "workflow Orders (w1), step in" for one in found)


def test_a_disabled_workflow_takes_no_calls() -> None:
    assert codes(review_hooks(hook({}, enabled=False))) == []


def secret(name: str, *hosts: str) -> SecretRow:
    return SecretRow("o", name, "value", 1, "k", "sealed", {"hosts": list(hosts)}, NOW, NOW)


def test_secrets() -> None:
    """Row 50: what nobody reads, and what may be sent anywhere."""
    rows = [secret("USED", "api.example.com"), secret("OLD", "api.example.com"), secret("LOOSE"), secret("DOOR")]
    found = list(review_secrets(rows, {"USED", "LOOSE", "DOOR"}, {"USED", "LOOSE"}))
    assert [(one.code, one.where) for one in found] == [
        ("secret.unused", "secret OLD"),
        ("secret.unbound", "secret LOOSE"),
    ]


@pytest.mark.parametrize(
    ("created", "expires", "used", "expected"),
    [
        (NOW - DAY_MS, NOW + DAY_MS, None, []),
        (NOW - 91 * DAY_MS, NOW + DAY_MS, NOW - DAY_MS, []),
        (NOW - 91 * DAY_MS, NOW + DAY_MS, None, ["key.unused"]),
        (NOW - 900 * DAY_MS, None, NOW - 91 * DAY_MS, ["key.no_end", "key.unused"]),
        (NOW, None, None, ["key.no_end"]),
        (NOW - 900 * DAY_MS, NOW - DAY_MS, None, []),
    ],
)
def test_keys(created: int, expires: int | None, used: int | None, expected: list[str]) -> None:
    key = Credential("k1", CredentialKind.KEY, "d", "u", "o", {"name": "ci"}, created, expires, used)
    assert codes(review_keys([key], NOW)) == expected


@pytest.mark.parametrize(
    ("role", "days", "expected"),
    [
        (MemberRole.OWNER, 90, []),
        (MemberRole.OWNER, 91, ["member.inactive_power"]),
        (MemberRole.EDITOR, 91, ["member.inactive_power"]),
        (MemberRole.VIEWER, 91, ["member.inactive"]),
    ],
)
def test_members(role: MemberRole, days: int, expected: list[str]) -> None:
    found = list(review_member(Member("u", role, 0), "a@example.com", NOW - days * DAY_MS, NOW))
    assert codes(found) == expected
    assert all((one.where, one.detail) == (f"{role} a@example.com", "91 days") for one in found)


def test_the_worst_comes_first() -> None:
    low, high, medium = Finding("key.unused", "b"), Finding("settings.tls", "x"), Finding("hook.open", "a")
    assert worst_first([low, medium, high]) == [high, medium, low]
    assert {one.severity for one in CATALOGUE.values()} == set(Severity)


def test_a_code_without_an_explanation_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"does not explain 'no\.such'"):
        Finding("no.such", "here")
