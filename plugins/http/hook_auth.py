"""How callers of a webhook prove who they are: the `auth` of `http.webhook`.

Every secret is named, never written down: `{{secrets.NAME}}`. Several may be given, each is good; that is how one is
replaced without losing a call.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from engine.sdk import Params
from plugins.http.headers import HeaderName, HeaderText

_SECRET: Final = re.compile(r"\{\{\s*secrets\.[A-Za-z_][A-Za-z0-9_-]{0,63}\s*\}\}")
_USERNAME: Final = re.compile(r"[^:\x00-\x1f\x7f]+")


def _secret(text: str) -> str:
    if not _SECRET.fullmatch(text):  # and do not say what was written: it may be the secret itself
        raise PydanticCustomError(
            "secret_tag", "name a kept secret and nothing else, as {tag}", {"tag": "{{secrets.NAME}}"}
        )
    return text


def _username(text: str) -> str:
    if not _USERNAME.fullmatch(text):
        raise PydanticCustomError("username", "a user name holds neither a colon nor control characters")
    return text


SecretName = Annotated[str, AfterValidator(_secret)]
"""A tag that names one secret and nothing else."""

SecretNames = Annotated[list[SecretName], Field(min_length=1, max_length=5)]


class OpenHook(Params):
    """Whoever knows the address may call."""

    kind: Literal["none"] = "none"
    """This kind of proof."""


class TokenHook(Params):
    """A token in a header."""

    kind: Literal["token"]
    """This kind of proof."""
    secrets: SecretNames = Field(examples=[["{{secrets.HOOK_TOKEN}}"]])
    """The tokens that are good, as `{{secrets.NAME}}`: the new one and the old one while one replaces the other."""
    header: HeaderName = Field(default="Authorization", examples=["X-Gitlab-Token"])
    """The header that carries it. In `Authorization` it stands behind the word `Bearer`, elsewhere alone."""


class BasicHook(Params):
    """User name and password."""

    kind: Literal["basic"]
    """This kind of proof."""
    username: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_username)]
    """The user name; it cannot hold a colon."""
    secrets: SecretNames = Field(examples=[["{{secrets.HOOK_PASSWORD}}"]])
    """The passwords that are good, as `{{secrets.NAME}}`."""


class HmacHook(Params):
    """A signature of the body."""

    kind: Literal["hmac"]
    """This kind of proof."""
    preset: Literal["standard-webhooks", "github", "stripe", "slack", "generic"] = "generic"
    """Whose way of signing it is. `generic` is described by the fields below, which the others do not take."""
    secrets: SecretNames = Field(examples=[["{{secrets.GITHUB_HOOK}}", "{{secrets.GITHUB_HOOK_OLD}}"]])
    """The signing secrets that are good, as `{{secrets.NAME}}`."""
    tolerance_ms: int = Field(default=300_000, ge=1000, le=86_400_000)
    """How far a signed time may be from now, in both directions, in milliseconds. GitHub signs none."""
    header: HeaderName | None = Field(default=None, examples=["X-Signature"])
    """`generic`: the header with the signature."""
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    """`generic`: the hash."""
    encoding: Literal["hex", "base64"] = "hex"
    """`generic`: how the signature is written."""
    prefix: Annotated[HeaderText, StringConstraints(max_length=50)] = Field(default="", examples=["sha256="])
    """`generic`: what stands before the signature."""
    timestamp_header: HeaderName | None = Field(default=None, examples=["X-Timestamp"])
    """`generic`: the header with the time in seconds since 1970; what is signed is then `time.body`."""
    delivery_header: HeaderName | None = Field(default=None, examples=["X-Delivery-Id"])
    """`generic`: the header whose value is the same when a call is repeated. Without it a signature counts once."""

    @model_validator(mode="after")
    def _fields_of_the_preset(self) -> Self:
        own = {"header", "algorithm", "encoding", "prefix", "timestamp_header", "delivery_header"}
        if self.preset == "generic":
            if self.header is None:
                raise PydanticCustomError("no_header", "say in `header` which header carries the signature")
        elif extra := sorted(own & self.model_fields_set):
            context = {"preset": self.preset, "name": to_camel(extra[0])}
            raise PydanticCustomError("preset_decides", "the preset {preset} decides about {name}", context)
        return self


HookAuth = Annotated[OpenHook | TokenHook | BasicHook | HmacHook, Field(discriminator="kind")]
