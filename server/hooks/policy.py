"""What a workflow's webhook trigger says, worked out once for each version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from engine.plan import Plan
from engine.quick_form import Fits, quick_check
from server.hooks.proof import Auth, BasicAuth, HmacAuth, TokenAuth
from server.hooks.signing import PRESETS, generic
from server.rate import Rate

WEBHOOK_REF: Final = "http.webhook"


# Compared by identity: it is made once for each plan, and what is remembered for one is then found without hashing it.
@dataclass(slots=True, frozen=True, eq=False)
class Policy:
    """Who may call, with what, and what they get.

    `secrets` are the names of those that are good; `hidden` the headers, in lower case, that carry one of them.
    `networks` and `origins` are all that may call when there are any; `own_address` closes the one with the workflow's
    id. `rate` is what the trigger asks for beside what the server allows. What surely `fits` the `schema` need not be
    held against it.
    """

    step_id: str
    methods: frozenset[str]
    respond: str
    timeout_s: float
    auth: Auth | None
    secrets: tuple[str, ...]
    hidden: frozenset[str]
    content_types: tuple[str, ...]
    max_bytes: int | None
    networks: tuple[IPv4Network | IPv6Network, ...]
    origins: frozenset[str]
    own_address: bool
    rate: Rate | None
    schema: Mapping[str, Any] | None
    fits: Fits | None
    answer: Mapping[str, Any]

    @property
    def allowed(self) -> list[str]:
        """The methods that are answered."""
        return sorted({*self.methods, "HEAD", "OPTIONS"})


# Validating the trigger's params took 1 % of a short run. A save makes a new plan, so nothing stale is kept in use.
@lru_cache(maxsize=500)
def policy_of(plan: Plan) -> Policy | None:
    """The workflow's webhook, if it has one; worked out once for each plan."""
    step = plan.trigger_step(WEBHOOK_REF)
    if step is None or step.definition is None or step.definition.params is None:
        return None
    params: Any = step.definition.params.model_validate(step.step.params)
    auth, asked = _auth(params.auth), params.rate_limit
    return Policy(
        step_id=step.id,
        methods=frozenset(params.methods),
        respond=params.respond,
        timeout_s=params.timeout_ms / 1000,
        auth=auth,
        secrets=tuple(_named(tag) for tag in getattr(params.auth, "secrets", ())),
        hidden=frozenset({auth.field.lower()}) if isinstance(auth, TokenAuth) else frozenset(),
        content_types=tuple(params.content_types),
        max_bytes=params.max_bytes,
        networks=tuple(ip_network(network) for network in params.allow_from),
        origins=frozenset(params.cors.origins) if params.cors is not None else frozenset(),
        own_address=params.address == "own",
        rate=None if asked is None else Rate(asked.limit, asked.window_ms / 1000),
        schema=params.body_schema,
        fits=None if params.body_schema is None else quick_check(params.body_schema),
        answer=params.answer.model_dump() if params.answer is not None else {},
    )


def _named(tag: str) -> str:
    return tag.strip("{}").strip().removeprefix("secrets.")


def _auth(given: Any) -> Auth | None:
    if given.kind == "token":
        return TokenAuth(given.header)
    if given.kind == "basic":
        return BasicAuth(given.username)
    if given.kind != "hmac":
        return None
    scheme = PRESETS.get(given.preset) or generic(
        given.header, given.algorithm, given.encoding, given.prefix, given.timestamp_header, given.delivery_header
    )
    return HmacAuth(scheme, given.tolerance_ms, greets=given.preset == "slack")
