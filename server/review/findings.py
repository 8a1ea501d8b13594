"""What a security review says: findings, each with a severity, a stable code, a place, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final


class Severity(IntEnum):
    """How much it matters."""

    LOW = 0
    """Worth tidying up."""
    MEDIUM = 1
    """Makes another mistake, or a leak, worse than it need be."""
    HIGH = 2
    """Open to others as it stands."""


@dataclass(slots=True, frozen=True)
class Explained:
    """What a code means: how much it matters, what is wrong, and the cure."""

    severity: Severity
    means: str
    remedy: str


_HIGH, _MEDIUM, _LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW

CATALOGUE: Final[dict[str, Explained]] = {
    "settings.registration": Explained(
        _HIGH, "anybody who reaches the server can make an account", "set FLOWDESK_REGISTRATION=invite or closed"
    ),
    "settings.tls": Explained(
        _HIGH,
        "passwords, tokens and data travel without TLS",
        "listen on loopback behind a proxy with TLS, and name the proxy in FLOWDESK_TRUSTED_PROXIES",
    ),
    "settings.proxies": Explained(
        _HIGH,
        "every address is believed about whom it speaks for, so anybody can pretend to be anywhere",
        "name only your proxies in FLOWDESK_TRUSTED_PROXIES",
    ),
    "settings.files": Explained(
        _HIGH, "other users of the machine can use files that hold data or keys", "take their rights away: chmod go-rwx"
    ),
    "settings.secret_files": Explained(
        _HIGH,
        "the directory that is open to secrets holds FlowDesk's own keys, so any editor can send them away",
        "open a directory in FLOWDESK_SECRETS_FILES that holds nothing else",
    ),
    "settings.secret_environment": Explained(
        _HIGH,
        "every environment variable is open to secrets, FlowDesk's own keys among them",
        "name variables, or a prefix of theirs, in FLOWDESK_SECRETS_ENV",
    ),
    "settings.egress_metadata": Explained(
        _HIGH,
        "steps reach the address where clouds hand out credentials of the machine",
        "open smaller networks in FLOWDESK_EGRESS_ALLOW",
    ),
    "settings.egress": Explained(
        _MEDIUM,
        "steps of every workspace reach a network that is not public",
        "open single addresses in FLOWDESK_EGRESS_ALLOW, and only what is needed",
    ),
    "settings.metrics": Explained(
        _MEDIUM,
        "everybody may read /metrics through a proxy on this machine",
        "set FLOWDESK_METRICS_TOKEN in place of FLOWDESK_METRICS=loopback",
    ),
    "settings.rates": Explained(
        _MEDIUM, "requests are not limited although others reach the server", "set a number, or nothing for the default"
    ),
    "settings.secrets_key": Explained(
        _MEDIUM,
        "the key of the secrets lies beside the database, so one copy of the directory holds both",
        "give it in FLOWDESK_SECRETS_KEY, from somewhere else",
    ),
    "settings.token_hours": Explained(
        _LOW, "a token that was stolen is good for more than 30 days", "set FLOWDESK_TOKEN_HOURS to 720 or less"
    ),
    "hook.open": Explained(
        _MEDIUM,
        "whoever knows the webhook's address can start runs with any data",
        "give the trigger an `auth`: a signature, a token, or basic",
    ),
    "hook.open_to_pages": Explained(
        _HIGH,
        "pages of any origin may call the webhook and read its answers, and callers prove nothing",
        "name the origins in `cors`, or give the trigger an `auth`",
    ),
    "hook.no_time": Explained(
        _LOW,
        "no time is signed, so a call that was recorded is good later, once the first run is no longer kept",
        "sign a time too (`timestampHeader`), if the sender can",
    ),
    "hook.tolerance": Explained(
        _MEDIUM,
        "a signed time may be more than 15 minutes off, so a recorded call is good for as long",
        "lower `toleranceMs`; five minutes are usual",
    ),
    "secret.unused": Explained(
        _LOW, "no workflow reads the secret", "delete it, and revoke the value where it came from"
    ),
    "secret.unbound": Explained(
        _MEDIUM,
        "steps may send the secret to any host",
        "bind it to the hosts it is meant for: flowdesk secrets set --host",
    ),
    "key.no_end": Explained(
        _MEDIUM, "the API key never expires", "make one that does in its place: flowdesk keys create --days"
    ),
    "key.unused": Explained(_LOW, "nobody has used the API key for 90 days", "end it: flowdesk keys remove"),
    "member.inactive": Explained(
        _LOW, "the member has not been seen for 90 days", "let them go if they left: flowdesk members remove"
    ),
    "member.inactive_power": Explained(
        _MEDIUM,
        "a member who may change workflows and secrets has not been seen for 90 days",
        "give them a lower role, or let them go: flowdesk members remove",
    ),
}


@dataclass(slots=True, frozen=True)
class Finding:
    """One thing that was found, and where: a setting, a workflow's step, a secret, a key or a member."""

    code: str
    where: str
    detail: str = ""

    def __post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise ValueError(f"the catalogue does not explain {self.code!r}")

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return CATALOGUE[self.code].severity

    def document(self) -> dict[str, Any]:
        """As the API tells it."""
        explained = CATALOGUE[self.code]
        message = f"{explained.means} ({self.detail})" if self.detail else explained.means
        return {
            "code": self.code,
            "severity": explained.severity.name.lower(),
            "where": self.where,
            "message": message,
            "remedy": explained.remedy,
        }


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """In the order in which to deal with them."""
    return sorted(findings, key=lambda one: (-one.severity, one.code, one.where))
