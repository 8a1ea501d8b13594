"""One table of routes drives registration, authentication and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from aiohttp import web
from pydantic import BaseModel

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True, frozen=True)
class Media:
    """An answer that is not JSON: its media type, and the model of what it carries, if any."""

    type: str
    carries: Any = None


@dataclass(slots=True, frozen=True)
class Route:
    """One endpoint: `handler` answers `method path`.

    A route asks for a bearer token unless it is `public`; `admin` asks for an administrator's. An `early` one answers
    before the store has been opened. `body`, `query` and `response` are the models that validate and describe;
    `response` may be any annotation pydantic understands, or `Media`. `also` names the other statuses a good request
    may be answered with, and what they carry.
    """

    method: str
    path: str
    handler: Handler
    _: KW_ONLY
    public: bool = False
    admin: bool = False
    early: bool = False
    summary: str = ""
    description: str = ""
    body: type[BaseModel] | None = None
    response: Any = None
    query: type[BaseModel] | None = None
    status: int = 200
    also: Mapping[int, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
