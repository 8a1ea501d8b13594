"""The trigger `http.webhook`: an HTTP request starts a run."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from engine.sdk import Params, check_form
from plugins.http.headers import Headers
from plugins.http.hook_auth import HookAuth, OpenHook

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
_MEDIA: Final = re.compile(r"[a-z0-9!#$&^_.+-]+/(\*|[a-z0-9!#$&^_.+-]+)")


def _media(text: str) -> str:
    if not _MEDIA.fullmatch(text.lower()):
        raise PydanticCustomError("media_type", "write a type such as application/json or text/*, without parameters")
    return text.lower()


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise PydanticCustomError(
            "network", "write an address or a network such as 192.0.2.0/24: {why}", {"why": str(error)}
        ) from None


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname or ""
    written = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{'' if port is None else f':{port}'}"
    if text != "*" and (parts.scheme not in ("http", "https") or not host or written != text.lower()):
        raise PydanticCustomError("origin", "write an origin such as https://app.example.com, without a path, or *")
    return text.lower()


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    check_form(schema)
    return schema


class Cors(Params):
    """Pages in browsers that may call. Cookies and logins of the browser are never asked for."""

    origins: Annotated[list[Annotated[str, AfterValidator(_origin)]], Field(min_length=1, max_length=20)] = Field(
        examples=[["https://app.example.com"]]
    )
    """Where those pages come from; `*` means from anywhere."""


class StaticAnswer(Params):
    """An answer that is always the same; nothing in it is filled in."""

    status: int = Field(default=200, ge=200, le=599, examples=[200, 204])
    """The HTTP status."""
    headers: Headers = Field(default_factory=dict, examples=[{"Content-Type": "text/plain"}])
    """Headers of the answer."""
    body: Any = Field(default=None, examples=["ok"])
    """The body: a text is sent as it is, anything else as JSON, null as nothing."""

    @model_validator(mode="after")
    def _nothing_to_fill_in(self) -> Self:
        if _has_template(self.headers) or _has_template(self.body):
            raise PydanticCustomError(
                "static_template", "a static answer is not filled in; use respond: result and an http.respond step"
            )
        return self


class RateLimit(Params):
    """How many deliveries are taken in such a time."""

    limit: int = Field(ge=1, le=1_000_000)
    """Deliveries within the window; they may come at once."""
    window_ms: int = Field(default=60_000, ge=1000, le=86_400_000)
    """The length of the window, in milliseconds."""


class WebhookParams(Params):
    """Who may call, with what, and how the server answers."""

    auth: HookAuth = Field(
        default_factory=OpenHook,
        examples=[{"kind": "hmac", "preset": "github", "secrets": ["{{secrets.GITHUB_HOOK}}"]}],
    )
    """How callers prove who they are; nothing but the address by default."""
    respond: Literal["accepted", "result", "static"] = "accepted"
    """`accepted`: 202 with the run's id as soon as the run is on disk. `result`: wait for the run and answer with its
    result, or with what an `http.respond` step says. `static`: `answer`, as soon as the run is on disk."""
    answer: StaticAnswer | None = Field(default=None, examples=[{"status": 200, "body": "ok"}])
    """What `respond: static` answers; an empty 200 when not given."""
    timeout_ms: int = Field(default=30_000, ge=1, le=30_000)
    """How long a caller waits with `respond: result`, in milliseconds; then it gets 202 and the run goes on."""
    methods: list[Method] = Field(default=["POST"], min_length=1, max_length=5)
    """The HTTP methods that start a run; calls with any other do not."""
    rate_limit: RateLimit | None = None
    """How many deliveries are taken, beside what the server allows; one too many is answered with 429 and when to send
    it again. A workflow's own `rate` counts runs instead, and can delay them."""
    content_types: list[Annotated[str, AfterValidator(_media)]] = Field(
        default=[], max_length=20, examples=[["application/json"]]
    )
    """The types a body may have, such as `application/json` or `text/*`; any when none is given."""
    max_bytes: int | None = Field(default=None, ge=1, le=1_000_000_000, examples=[100_000])
    """The largest body accepted, counted after decompression; at most, and by default, the server's own limit."""
    allow_from: list[Annotated[str, AfterValidator(_network)]] = Field(
        default=[], max_length=100, examples=[["192.0.2.0/24", "2001:db8::/32"]]
    )
    """Addresses and networks that may call; all when none is given."""
    cors: Cors | None = None
    """Lets pages in browsers call from other origins; not given: none."""
    address: Literal["id", "own"] = "id"
    """`id`: the workflow's id is part of the address. `own`: only secret addresses lead here, made when the workflow
    is saved and replaced by `flowdesk hooks rotate`."""
    body_schema: Annotated[dict[str, Any], AfterValidator(_schema)] | None = Field(
        default=None, examples=[{"type": "object", "required": ["email"], "properties": {"email": {"type": "string"}}}]
    )
    """A JSON Schema of the data that a call brings; one that does not fit it is refused (422) and starts nothing."""

    @model_validator(mode="after")
    def _answer_is_used(self) -> Self:
        if self.answer is not None and self.respond != "static":
            raise PydanticCustomError("unused_answer", "`answer` is what `respond: static` sends; say so, or remove it")
        return self


def _has_template(value: Any) -> bool:
    if isinstance(value, str):
        return "{{" in value
    if isinstance(value, Mapping):
        return any(_has_template(part) for part in value.values())
    return isinstance(value, list) and any(_has_template(part) for part in value)
