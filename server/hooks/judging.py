"""Whether a request starts a run, and by which key a repetition of it is recognized; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from multidict import MultiMapping

from engine.errors import FlowDeskError, Invalid
from server.hooks.asking import WrongCredentials, check_data
from server.hooks.policy import Policy
from server.hooks.proof import Auth, HmacAuth, Proof
from server.hooks.signing import challenge_of, seal_of
from server.idempotency import KEY_HEADER, is_key, key_in, once

KEY_HEADERS: Final = (KEY_HEADER, "webhook-id", "X-GitHub-Delivery")
OPEN: Final = Proof()


@dataclass(slots=True, frozen=True)
class Admission:
    """A request may start a run: under this key, which counts for this payload only when there is a hash.

    `greeting` is an answer that starts none.
    """

    key: str | None = None
    payload_hash: str | None = None
    greeting: str | None = None


def prove(policy: Policy, headers: MultiMapping[str], raw: bytes, secrets: Sequence[str], now_ms: int) -> Proof:
    """What the request proves; without `auth` nothing need be proved."""
    return OPEN if policy.auth is None else policy.auth.prove(headers, raw, secrets, now_ms)


def refusal(auth: Auth) -> WrongCredentials:
    """The one answer to every request that does not prove enough."""
    return WrongCredentials(auth.field, auth.challenge)


def admit(policy: Policy, headers: MultiMapping[str], data: dict[str, Any], raw: bytes, proof: Proof) -> Admission:
    """What becomes of a request that has proved enough; Invalid when its key or data are not what they must be."""
    auth = policy.auth
    if not isinstance(auth, HmacAuth):
        key, payload_hash = once("hook", key_in(headers, *KEY_HEADERS), raw)
    elif auth.greets and (challenge := challenge_of(data)) is not None:
        return Admission(greeting=challenge)
    else:
        key, payload_hash = _delivery(auth, headers, data, raw, proof)
    check_data(policy, data)
    return Admission(key, payload_hash)


def _delivery(
    auth: HmacAuth, headers: MultiMapping[str], data: dict[str, Any], raw: bytes, proof: Proof
) -> tuple[str | None, str | None]:
    """The sender's own id of this delivery, or else the signed content: a signature that is sent again starts nothing.

    Of headers only those count that belong to the scheme: anybody can put others on a request that was overheard.
    """
    scheme = auth.scheme
    named = key_in(headers, *scheme.deliveries)
    if named is not None:
        return once("hook", named, raw)
    inside = data.get(scheme.in_body) if scheme.in_body is not None else None
    if isinstance(inside, str) and is_key(inside):
        return f"hook:{inside}", None  # it is signed itself, and senders change other things when they try again
    return f"hook-signed:{seal_of(proof.signed or b'')}", None


def verification_of(policy: Policy, proof: Proof, outcome: Admission | FlowDeskError) -> dict[str, Any]:
    """What whoever tests the webhook is told of a captured request."""
    if proof.fault is not None and policy.auth is not None:
        return {
            "accepted": False,
            "reason": proof.fault.value,
            "code": WrongCredentials.code,
            "field": policy.auth.field,
        }
    if isinstance(outcome, FlowDeskError):
        problem = next(iter(outcome.problems), None) if isinstance(outcome, Invalid) else None
        return {
            "accepted": False,
            "reason": problem.message if problem is not None else outcome.message,
            "code": outcome.code,
            "field": problem.field if problem is not None else None,
        }
    key = outcome.key.partition(":")[2] if outcome.key is not None else None
    return {"accepted": True, "reason": "it would start a run", "idempotencyKey": key}
