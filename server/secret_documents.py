"""What requests and answers say about secrets. No answer has a field for a value."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from engine.models.base import Document
from server.vault.hosts import MAX_HOSTS, checked_hosts
from server.vault.keeper import Change

MAX_BYTES: Final = 300_000
_RESERVED: Final = frozenset(
    {"response_type", "client_id", "redirect_uri", "state", "scope", "code_challenge", "code_challenge_method"}
)


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.fragment or parts.username or not text.isprintable() or " " in text:
        raise PydanticCustomError("bad_url", "must be an https address without user name and fragment")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise PydanticCustomError("bad_url", "must begin with https://, since keys go there")
    return text


WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(_web_address)]


class NewConnection(Document):
    """An OAuth2 client: authorization code with PKCE."""

    authorize_url: WebAddress
    """Where a person says yes."""
    token_url: WebAddress
    """Where tokens are fetched and renewed."""
    client_id: str = Field(min_length=1, max_length=500)
    """The client's id at the provider."""
    client_secret: str | None = Field(default=None, min_length=1, max_length=2000, repr=False)
    """The client's secret, if it has one."""
    client_auth: Literal["body", "basic"] = "body"
    """How the client says who it is at the token URL: in the form, or by HTTP basic authentication."""
    scopes: list[Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,300}$")]] = Field(
        default_factory=list, max_length=100
    )
    """What is asked for."""
    parameters: dict[str, Annotated[str, Field(max_length=500)]] = Field(default_factory=dict, max_length=20)
    """More for the authorize URL, such as `access_type: offline`."""

    @model_validator(mode="after")
    def _ours_stay_ours(self) -> NewConnection:
        if clash := sorted(_RESERVED & self.parameters.keys()):
            raise PydanticCustomError("reserved", "{name} is set by FlowDesk", {"name": clash[0]})
        return self

    def connection(self) -> dict[str, Any]:
        """As it is sealed."""
        return {**self.model_dump(by_alias=True), "accessToken": None, "refreshToken": None, "expiresAt": None}


Description = Annotated[str, Field(max_length=500)]
Hosts = Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(max_length=MAX_HOSTS)]


class SecretUpdate(Document):
    """What to change; what is not given stays. At most one of `value`, `source` and `connection`."""

    value: str | None = Field(default=None, repr=False)
    """The value itself, at least 8 characters."""
    source: str | None = Field(default=None, max_length=1000)
    """Where the value is instead: `env:NAME` or `file:/path`, as far as the operator opens them."""
    connection: NewConnection | None = None
    """An OAuth2 connection, whose value is an access token that is kept fresh."""
    hosts: Hosts | None = None
    """The only hosts it may be sent to: `api.example.com`, `*.example.com`, either with a port. Empty: any."""
    description: Description | None = None
    """What it is for."""

    def change(self) -> Change:
        """For the keeper; Invalid for hosts that are none."""
        return Change(
            value=self.value,
            source=self.source,
            connection=None if self.connection is None else self.connection.connection(),
            hosts=None if self.hosts is None else checked_hosts(self.hosts),
            description=self.description,
        )


class NewSecret(SecretUpdate):
    """A new secret: a name, and one of `value`, `source` and `connection`."""

    name: str = Field(min_length=1, max_length=64)
    """What templates call it: `{{secrets.NAME}}`. Letters, digits, `_` and `-`."""


class UsageDocument(Document):
    """A workflow that reads a secret."""

    workflow_id: str
    """The workflow."""
    workflow_name: str
    """What it is called."""
    step_ids: list[str]
    """Its steps that read the secret."""


class ConnectionDocument(Document):
    """An OAuth2 connection without its keys."""

    state: Literal["new", "connected", "broken"]
    """`new` before a person said yes, `broken` when a person must say it again."""
    problem: str | None
    """Why it is broken."""
    expires_at: AwareDatetime | None
    """When the access token ends; it is renewed before."""
    authorize_url: str
    """Where a person says yes."""
    token_url: str
    """Where tokens are fetched and renewed."""
    client_id: str
    """The client's id at the provider."""
    client_auth: Literal["body", "basic"]
    """How the client says who it is."""
    scopes: list[str]
    """What is asked for."""


class SecretDocument(Document):
    """A secret without its value, which never comes back."""

    name: str
    """What templates call it."""
    kind: Literal["value", "env", "file", "oauth2"]
    """Where the value comes from."""
    description: str
    """What it is for."""
    hosts: list[str]
    """The only hosts it may be sent to; empty: any."""
    source: str | None
    """Where the value is, when it is kept outside."""
    connection: ConnectionDocument | None
    """The OAuth2 connection it stands for."""
    used_by: list[UsageDocument]
    """The workflows that read it."""
    key_id: str
    """The key it is sealed with."""
    created_at: AwareDatetime
    """When it was made."""
    updated_at: AwareDatetime
    """When it was changed last."""
    last_used_at: AwareDatetime | None
    """When a step got it last, to the minute."""


class SecretsQuery(Document):
    """How much of the list to show."""

    limit: int = Field(default=50, ge=1, le=200)
    """How many secrets to answer with at most."""
    cursor: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Where to go on: the `X-Next-Cursor` of the page before."""


class DeleteQuery(Document):
    """How to delete."""

    force: bool = False
    """Delete it although workflows read it; their steps will fail."""


class TestDocument(Document):
    """Whether a step would get the secret now."""

    ok: bool
    """Whether it opens."""
    code: str | None
    """What a step would fail with."""
    detail: str
    """What happened, for people."""
    hint: str | None
    """What to do about it."""


class ConnectBody(Document):
    """Beginning an authorization."""

    redirect_uri: WebAddress | None = None
    """Where the provider sends the person back to; `/api/oauth/callback` of this server when it is not given."""


class ConnectDocument(Document):
    """Where a person says yes."""

    url: str
    """To be opened in a browser within ten minutes."""
    redirect_uri: str
    """What must be registered at the provider."""


class RotateBody(Document):
    """How to rotate."""

    drop_old: StrictBool = False
    """Forget the old keys of the key file; older backups can then not be opened any more."""


class RotatedDocument(Document):
    """What a rotation did."""

    key_id: str
    """The key that seals now."""
    sealed: int
    """How many secrets were sealed anew."""
    unopened: list[str]
    """Names of secrets that no key here opens, left as they are."""
    dropped: int
    """How many old keys were forgotten."""
