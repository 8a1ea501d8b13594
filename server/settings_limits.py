"""The settings that keep one client, user or workspace from taking what belongs to all; a part of `Settings`."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator


def words(value: object) -> object:
    """`a, b` as ("a", "b")."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def lower(value: object) -> object:
    """Small letters."""
    return value.lower() if isinstance(value, str) else value


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

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            try:
                ipaddress.ip_network(entry, strict=False)
            except ValueError:
                raise ValueError(f"{entry!r} is no IP address or network; write 127.0.0.1 or 10.0.0.0/8") from None
        return value

    @field_validator("proxy_header")
    @classmethod
    def _somebody_writes_it(cls, value: str, info: ValidationInfo) -> str:
        if value != "x-forwarded-for" and not info.data.get("trusted_proxies"):
            raise ValueError("has no effect without FLOWDESK_TRUSTED_PROXIES; leave it empty")
        return value
