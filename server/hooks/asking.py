"""What a webhook asks of a request besides its credentials: address, type and size of the body, what is in it; pure."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from engine.errors import Invalid, Refused
from engine.forms import problems_with
from server.hooks.policy import Policy
from server.problems import Unauthenticated, UnsupportedMedia


class WrongCredentials(Unauthenticated):
    """A caller has not proved that it may call. What is wrong is not said, only where the proof belongs."""

    code = "webhook_unauthorized"

    def __init__(self, field: str, challenge: str) -> None:
        super().__init__(
            "the webhook's credentials are missing or wrong",
            hint=f"send valid ones in {field}; whoever owns the workflow can capture a call to see what is wrong",
        )
        self.challenge = challenge


def check_peer(policy: Policy, peer: str) -> None:
    """Refused for an address that is in none of the networks."""
    if policy.networks and not _lets_in(policy, peer):
        raise Refused(
            "this address may not call the webhook",
            code="address_not_allowed",
            hint="the trigger's `allowFrom` lists those that may",
        )


@lru_cache(maxsize=1000)  # senders are few, and working it out takes longer than all else that is asked of a request
def _lets_in(policy: Policy, peer: str) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) if address.version == 6 else None
    return any((mapped or address) in network for network in policy.networks)


def check_type(policy: Policy, content_type: str | None) -> None:
    """UnsupportedMedia for a body of another type than those that are accepted."""
    if not policy.content_types:
        return
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in policy.content_types and f"{kind.partition('/')[0]}/*" not in policy.content_types:
        accepted = ", ".join(policy.content_types)
        raise UnsupportedMedia(
            f"the Content-Type {kind[:100]!r} is not accepted here" if kind else "the body has no Content-Type",
            hint=f"send one of {accepted}",
        )


def check_data(policy: Policy, data: dict[str, Any]) -> None:
    """Invalid, naming each field, when the data does not fit the trigger's schema."""
    if policy.schema is None or (policy.fits is not None and policy.fits(data)):
        return
    if problems := problems_with(data, policy.schema):
        raise Invalid(problems=problems, code="webhook_data", hint="the trigger's `bodySchema` says what it takes")
