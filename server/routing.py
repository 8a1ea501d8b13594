"""One table of routes drives registration, authentication and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel

from server.permissions import Need

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Opened = Callable[[web.Request], bool]


@dataclass(slots=True, frozen=True)
class Media:
    """An answer that is not JSON: its media type, and the model of what it carries, if any."""

    type: str
    carries: Any = None


@dataclass(slots=True, frozen=True)
class Route:
    """One endpoint: `handler` answers `method path`.

    A route asks for a bearer token unless it is `public`; `admin` asks for an administrator's, and `needs` says what
    the bearer must be allowed to do (nothing said: what only owners may). Whoever `opened` lets in needs neither.
    `within` names the part of the path that is the workspace, for routes that do not take it from the header. `audit`
    is what the audit log calls a route that changes something; an empty text says that it changes nothing. An `early`
    one answers before the store has been opened. A public route is `rated` by its caller's address, unless it counts
    its requests itself or must answer always. `body`, `query` and `response` are the models that validate and describe;
    `response` may be any annotation pydantic understands, or `Media`. `also` names the other statuses a good request
    may be answered with, and what they carry.
    """

    method: str
    path: str
    handler: Handler
    _: KW_ONLY
    public: bool = False
    admin: bool = False
    needs: Need | None = None
    within: str | None = None
    audit: str | None = None
    opened: Opened | None = None
    early: bool = False
    rated: bool = True
    summary: str = ""
    description: str = ""
    body: type[BaseModel] | None = None
    response: Any = None
    query: type[BaseModel] | None = None
    status: int = 200
    also: Mapping[int, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def action(self) -> str | None:
        """What the audit log calls this; None for what changes nothing."""
        if self.audit is not None:
            return self.audit or None
        return None if self.method in READING or self.public else f"{self.method} {self.path}"
