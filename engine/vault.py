"""What the engine asks of whoever keeps secrets: values by name, at the moment they are needed, for one tenant.

The engine knows no key and no ciphertext. A value it was given goes into the parameters of one attempt and nowhere
else: what is written of a run goes through a masker that knows every value the run was given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.checks.nearest import nearest
from engine.errors import Invalid


@dataclass(slots=True, frozen=True)
class SecretValue:
    """A secret in the clear. `hosts` are the only ones it may be sent to, such as `api.example.com`; none: anywhere."""

    value: str = field(repr=False)
    hosts: tuple[str, ...] = ()


class Vault(Protocol):
    """Keeps the secrets of all tenants. A tenant's id is opaque."""

    async def check(self) -> None:
        """Raise Unusable when stored secrets cannot be opened here."""

    async def resolve(self, owner: str, names: Collection[str]) -> dict[str, SecretValue]:
        """These secrets as they are now, each of them, fit for use.

        Raises Invalid with a `secret_…` code, or `unknown_secret`, for what trying again does not mend, and
        Unavailable for what it may.
        """

    async def recall(self, owner: str, names: Collection[str]) -> list[str]:
        """The values of these secrets as far as they can be had without asking anybody; for hiding them."""

    async def bindings(self, owner: str) -> dict[str, tuple[str, ...]]:
        """The names a tenant has, each with its hosts."""


class NoVault:
    """Keeps nothing."""

    async def check(self) -> None:
        """There is nothing to open."""

    async def resolve(self, owner: str, names: Collection[str]) -> dict[str, SecretValue]:
        """Every name is unknown."""
        raise unknown(next(iter(names), ""), {})

    async def recall(self, owner: str, names: Collection[str]) -> list[str]:
        """Nothing."""
        return []

    async def bindings(self, owner: str) -> dict[str, tuple[str, ...]]:
        """Nothing."""
        return {}


def unknown(name: str, known: Mapping[str, object] | Collection[str]) -> Invalid:
    """The error for a name the tenant does not have."""
    hint = nearest(name, known, listed=False) or f"make it with: flowdesk secrets set {name}"
    return Invalid(f"there is no secret {name}", code="unknown_secret", hint=hint)


def mentions_secrets(document: Any) -> bool:
    """Whether a document can possibly read a secret; most do not, and nothing need be looked up for them."""
    if isinstance(document, str):
        return "secrets" in document and "{{" in document
    if isinstance(document, Mapping):
        return any(map(mentions_secrets, document.values()))
    return isinstance(document, list | tuple) and any(map(mentions_secrets, document))


def allows(hosts: tuple[str, ...], host: str, port: int | None) -> bool:
    """Whether a secret bound to these hosts may go to this one.

    A binding is a host name, an address, or `*.` and a domain (which is everything below it, and not itself); with
    `:port` that port only.
    """
    host = host.lower().strip("[]").removesuffix(".")
    return any(_fits(pattern, host, port) for pattern in hosts)


def _fits(pattern: str, host: str, port: int | None) -> bool:
    name, colon, number = pattern.rpartition(":")
    if not colon or not number.isdigit() or (name.count(":") and not name.endswith("]")):
        name, number = pattern, ""
    if number and (port is None or int(number) != port):
        return False
    name = name.strip("[]")
    return host.endswith(name[1:]) and host != name[2:] if name.startswith("*.") else host == name
