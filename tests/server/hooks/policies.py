"""Webhooks' policies as saving and compiling a workflow makes them, without a server."""

from __future__ import annotations

from functools import cache
from typing import Any

from multidict import CIMultiDict

from engine.graph import validate
from engine.models.workflow import Workflow
from engine.plan import compile_plan
from engine.registry import Registry
from plugins.builtins import BUILTINS
from server.hooks.policy import Policy, policy_of
from server.hooks.proof import Proof

NOW_S = 1_700_000_000
NOW_MS = NOW_S * 1000


@cache
def registry() -> Registry:
    """All built-in steps."""
    found = Registry()
    found.load(BUILTINS)
    return found


def document(params: dict[str, Any]) -> dict[str, Any]:
    """A workflow with this webhook."""
    return {"name": "w", "steps": [{"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "params": params}]}


def problems(params: dict[str, Any]) -> list[tuple[str | None, str]]:
    """Where and what saving complains about."""
    _, found = validate(document(params), registry(), secrets={"A": (), "B": ()})
    return [(problem.field, problem.message) for problem in found]


def policy(**params: Any) -> Policy:
    """The policy of a webhook with these params, which must be savable."""
    draft, found = validate(document(params), registry(), secrets={"A": (), "B": ()})
    assert draft is not None, found
    assert found == []
    workflow = Workflow.model_construct(
        **{name: getattr(draft, name) for name in type(draft).model_fields},
        id="w",
        owner_id="o",
        version=1,
        created_at=0,
        updated_at=0,
    )
    made = policy_of(compile_plan(workflow, registry()))
    assert made is not None
    return made


def signed_by(preset: str, **more: Any) -> Policy:
    """A policy of this preset, with the secrets A and B."""
    return policy(auth={"kind": "hmac", "preset": preset, "secrets": ["{{secrets.A}}", "{{ secrets.B }}"], **more})


def proved(
    by: Policy, headers: dict[str, str] | list[tuple[str, str]], raw: bytes, *secrets: str, now_ms: int = NOW_MS
) -> Proof:
    """What a request proves."""
    assert by.auth is not None
    return by.auth.prove(CIMultiDict(headers), raw, secrets, now_ms)
