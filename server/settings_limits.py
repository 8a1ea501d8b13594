"""The settings that keep one client, user or workspace from taking what belongs to all; a part of `Settings`."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from server.rate import parse_rate


def words(value: object) -> object:
    """`a, b` as ("a", "b")."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def lower(value: object) -> object:
    """Small letters."""
    return value.lower() if isinstance(value, str) else value


def checked_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """The entries, each an address or a network; ValueError names the first that is not."""
    for entry in value:
        try:
            ipaddress.ip_network(entry, strict=False)
        except ValueError:
            raise ValueError(f"{entry!r} is no IP address or network; write 127.0.0.1 or 10.0.0.0/8") from None
    return value


class LimitSettings(BaseModel):
    """Who is believed to be whom, and how much of everything they may have."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, use_attribute_docstrings=True
    )

    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(words)] = Field(
        default=(), alias="FLOWDESK_TRUSTED_PROXIES"
    )
    """Addresses and networks of the proxies in front, separated by commas, such as 127.0.0.1 or 10.0.0.0/8. Only what
    they say about a client's address is believed. Empty: nobody."""
    proxy_header: Annotated[Literal["x-forwarded-for", "forwarded"], BeforeValidator(lower)] = Field(
        default="x-forwarded-for", alias="FLOWDESK_PROXY_HEADER"
    )
    """The header in which those proxies write the address: x-forwarded-for, or forwarded (RFC 7239). The other one is
    anybody's word. Needs FLOWDESK_TRUSTED_PROXIES."""

    rate_user: str = Field(default="", alias="FLOWDESK_RATE_USER", max_length=30)
    """How many requests each user, and each API key, may send, such as 100/s, 3000/min or off. Empty: off while only
    this machine reaches the server, else 3000/min."""
    rate_workspace: str = Field(default="", alias="FLOWDESK_RATE_WORKSPACE", max_length=30)
    """The same for all requests to one workspace, those to its webhooks included. Empty: off, or 12000/min."""
    rate_hook: str = Field(default="", alias="FLOWDESK_RATE_HOOK", max_length=30)
    """The same for the deliveries to one webhook; its trigger's rateLimit may ask for less. Empty: off, or
    6000/min."""
    rate_address: str = Field(default="", alias="FLOWDESK_RATE_ADDRESS", max_length=30)
    """The same for requests without a valid token, from one address. Empty: off, or 600/min."""

    max_connections: int | None = Field(default=None, alias="FLOWDESK_MAX_CONNECTIONS", ge=0, le=1_000_000)
    """How many connections there may be at once; further ones are answered with 503. 0 is no limit. Empty: 10000, or
    fewer where the system lets this process open fewer files."""
    max_connections_per_address: int | None = Field(
        default=None, alias="FLOWDESK_MAX_CONNECTIONS_PER_ADDRESS", ge=0, le=1_000_000
    )
    """The same for connections from one address; trusted proxies may have any number. Empty: no limit while only this
    machine reaches the server, else 200."""
    quota_workflows: int = Field(default=0, alias="FLOWDESK_QUOTA_WORKFLOWS", ge=0, le=10**9)
    """How many workflows a workspace may have for which an administrator has set nothing else; 0 is no limit."""
    quota_runs: int = Field(default=0, alias="FLOWDESK_QUOTA_RUNS", ge=0, le=10**12)
    """How many runs of such a workspace are kept, the newest ones; 0 is no limit."""
    quota_queued: int | None = Field(default=None, alias="FLOWDESK_QUOTA_QUEUED", ge=0, le=10**9)
    """How many runs of such a workspace may wait to begin; 0 is no limit. Empty: no limit while only this machine
    reaches the server, else 10000."""
    quota_payload_bytes: int = Field(default=0, alias="FLOWDESK_QUOTA_PAYLOAD_BYTES", ge=0, le=10**9)
    """The largest body that starts a run in such a workspace; 0 is no limit beside FLOWDESK_MAX_BODY_BYTES."""

    @field_validator("rate_user", "rate_workspace", "rate_hook", "rate_address")
    @classmethod
    def _rates(cls, value: str) -> str:
        if value:
            parse_rate(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return checked_networks(value)

    @field_validator("proxy_header")
    @classmethod
    def _somebody_writes_it(cls, value: str, info: ValidationInfo) -> str:
        if value != "x-forwarded-for" and not info.data.get("trusted_proxies"):
            raise ValueError("has no effect without FLOWDESK_TRUSTED_PROXIES; leave it empty")
        return value
