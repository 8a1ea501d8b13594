"""The parameters of `http.request`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from engine.sdk import Params
from plugins.http.address import checked_url
from plugins.http.bodies import Body, Fields, MultipartBody
from plugins.http.headers import HeaderName, Headers, HeaderText
from plugins.values import Text

MAX_REDIRECTS: Final = 5
MAX_TIMEOUT_MS: Final = 600_000
_METHOD: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}")
_STATUS: Final = re.compile(r"[1-5](xx|[0-9]{2})")


class NoAuth(Params):
    """No credentials."""

    kind: Literal["none"] = "none"
    """This kind of login."""


class BasicAuth(Params):
    """User name and password."""

    kind: Literal["basic"]
    """This kind of login."""
    username: Text = Field(examples=["{{data.user}}"])
    """The user name; it cannot hold a colon."""
    password: Text = Field(json_schema_extra={"format": "password"})
    """The password."""

    @model_validator(mode="after")
    def _no_colon(self) -> Self:
        if ":" in self.username and "{{" not in self.username:
            raise PydanticCustomError("username", "a user name for basic auth cannot hold a colon")
        return self


class BearerAuth(Params):
    """A token, sent as `Authorization: Bearer ...`."""

    kind: Literal["bearer"]
    """This kind of login."""
    token: HeaderText = Field(min_length=1, json_schema_extra={"format": "password"})
    """The token."""


class HeaderAuth(Params):
    """A key in a header of its own."""

    kind: Literal["header"]
    """This kind of login."""
    name: HeaderName = Field(examples=["X-Api-Key"])
    """The header's name."""
    value: HeaderText = Field(json_schema_extra={"format": "password"})
    """The key."""


Auth = Annotated[NoAuth | BasicAuth | BearerAuth | HeaderAuth, Field(discriminator="kind")]


def _method(text: str) -> str:
    if not _METHOD.fullmatch(text):
        raise PydanticCustomError("method", "this is not an HTTP method; write GET, POST or another single word")
    if text.upper() == "CONNECT":
        raise PydanticCustomError("method", "CONNECT opens a tunnel, which a step cannot use")
    return text.upper()


def _status(value: Any) -> Any:
    text = str(value).lower()
    if isinstance(value, int | str) and (_STATUS.fullmatch(text) or "{{" in text):
        return text
    raise PydanticCustomError("status", "a status is a number such as 404, or a class such as 2xx")


class RequestParams(Params):
    """What to send where, and what to accept as an answer."""

    method: Annotated[str, AfterValidator(_method)] = Field(default="GET", examples=["GET", "POST", "PUT", "DELETE"])
    """The HTTP method; any single word is accepted."""
    url: Annotated[str, AfterValidator(checked_url)] = Field(
        min_length=1, max_length=8192, examples=["https://api.example.com/orders/{{data.id}}"]
    )
    """The address. What templates put into its path or query is percent-encoded."""
    query: Fields = Field(default_factory=dict, examples=[{"page": 1, "tag": ["a", "b"]}])
    """Query parameters, added to those of the URL; a list repeats one, null leaves it out."""
    headers: Headers = Field(default_factory=dict, examples=[{"Accept-Language": "en"}])
    """Headers to send; null leaves one out. Keys and tokens belong under `auth`, which is masked in the journal."""
    auth: Auth = Field(default_factory=NoAuth, examples=[{"kind": "bearer", "token": "{{data.token}}"}])
    """How to log in. Never sent on to another origin by a redirect."""
    body: Body | None = Field(default=None, examples=[{"kind": "json", "value": {"email": "{{data.email}}"}}])
    """What to send."""
    expected_status: list[Annotated[str, BeforeValidator(_status)]] = Field(
        default=["2xx", "3xx"], min_length=1, max_length=50, examples=[["2xx", "404"]]
    )
    """The statuses that count as success: numbers, or classes such as `2xx`. Any other fails the step."""
    response: Literal["auto", "json", "text", "base64"] = "auto"
    """How to read the answer's body; `auto` goes by its content type."""
    timeout_ms: int = Field(default=30_000, ge=1, le=MAX_TIMEOUT_MS)
    """How long everything may take, redirects and the whole body included, in milliseconds."""
    max_bytes: int | None = Field(default=None, ge=1, le=1_000_000_000, examples=[1_000_000])
    """The largest body accepted, counted after decompression; at most, and by default, the server's own limit."""
    follow_redirects: bool = True
    """Go where redirects lead, five times at most; otherwise a redirect is an answer like any other."""
    verify_tls: bool = True
    """Check the certificate of an https address. Switch it off only for a server you know."""
    idempotency_key: bool = True
    """Send an `Idempotency-Key` header that is the same each time this step of this run is executed."""

    @model_validator(mode="after")
    def _one_source_for_each_header(self) -> Self:
        given = {name.lower() for name in self.headers}
        taken = {NoAuth: None, HeaderAuth: getattr(self.auth, "name", "").lower()}.get(type(self.auth), "authorization")
        if taken in given:
            raise PydanticCustomError("header_twice", "auth sets the header {name} already", {"name": taken})
        if isinstance(self.body, MultipartBody) and "content-type" in given:
            raise PydanticCustomError("header_twice", "a multipart body sets its own Content-Type with the boundary")
        return self
