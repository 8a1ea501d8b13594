"""Where handlers find what they need: typed keys into the application and the request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from engine.models.run import User
from engine.registry import Registry
from engine.store import ANYONE, Owner, Store
from server.accounts import Accounts
from server.api_keys import ApiKeys
from server.arrival import Arrival
from server.captures import Captures
from server.invitations import Invitations
from server.links import AnswerLinks
from server.proxies import Proxies
from server.sessions import Sessions
from server.settings import Settings
from server.tenants import Place, Tenants
from server.tokens import Tokens

if TYPE_CHECKING:
    from engine.engine import Engine
    from engine.events import LocalBus
    from server.hooks.addresses import HookAddresses
    from server.hooks.secrets import HookSecrets
    from server.metrics.gauges import Metrics
    from server.policies import Policies
    from server.queues.taskiq_queue import TaskiqQueue
    from server.quotas import Quotas
    from server.rates.limiter import Limiter
    from server.tracing.setup import Telemetry
    from server.vault.connecting import Connecting
    from server.vault.keeper import Keeper
    from server.vault.usages import Usages

SETTINGS: Final = web.AppKey("settings", Settings)
STORE: Final[web.AppKey[Store]] = web.AppKey("store")
REGISTRY: Final = web.AppKey("registry", Registry)
BUS: Final[web.AppKey[LocalBus]] = web.AppKey("bus")
ACCOUNTS: Final = web.AppKey("accounts", Accounts)
TOKENS: Final = web.AppKey("tokens", Tokens)
LINKS: Final = web.AppKey("links", AnswerLinks)
METRICS: Final[web.AppKey[Metrics]] = web.AppKey("metrics")
TELEMETRY: Final[web.AppKey[Telemetry]] = web.AppKey("telemetry")
CAPTURES: Final = web.AppKey("captures", Captures)
ENGINE: Final[web.AppKey[Engine]] = web.AppKey("engine")
KEEPER: Final[web.AppKey[Keeper]] = web.AppKey("keeper")
CONNECTING: Final[web.AppKey[Connecting]] = web.AppKey("connecting")
HOOK_ADDRESSES: Final[web.AppKey[HookAddresses]] = web.AppKey("hook_addresses")
HOOK_SECRETS: Final[web.AppKey[HookSecrets]] = web.AppKey("hook_secrets")
USAGES: Final[web.AppKey[Usages]] = web.AppKey("usages")
ARRIVAL: Final = web.AppKey("arrival", Arrival)
QUEUE: Final[web.AppKey[TaskiqQueue | None]] = web.AppKey("queue")

API_KEYS: Final = web.AppKey("api_keys", ApiKeys)
SESSIONS: Final = web.AppKey("sessions", Sessions)
INVITATIONS: Final = web.AppKey("invitations", Invitations)
TENANTS: Final = web.AppKey("tenants", Tenants)
PROXIES: Final = web.AppKey("proxies", Proxies)
POLICIES: Final[web.AppKey[Policies]] = web.AppKey("policies")
QUOTAS: Final[web.AppKey[Quotas]] = web.AppKey("quotas")
LIMITER: Final[web.AppKey[Limiter]] = web.AppKey("limiter")


@dataclass(slots=True, frozen=True)
class Change:
    """What a handler has changed: hashes of the document before and after, where it is when not at the `PLACE`, and who
    did it when not the `USER`."""

    target: str
    before: str | None
    after: str | None
    workspace_id: str | None
    user_id: str | None = None


Still = Callable[[], Awaitable[None]]

USER: Final = web.RequestKey("user", User)
"""Who asks; present in every handler of a route that is not public."""
PLACE: Final = web.RequestKey("place", Place)
"""The workspace the request acts in, and what it may do there; present wherever USER is."""
CREDENTIAL: Final = web.RequestKey("credential", str)
"""The id of the API key or session that was used, if any."""
STILL: Final[web.RequestKey[Still]] = web.RequestKey("still")
"""Raises when the request would be refused by now, for answers that take long; present wherever USER is."""
CHANGE: Final = web.RequestKey("change", Change)
"""What the audit log will say of the change."""


def owner_of(request: web.Request) -> Owner:
    """Whose things this request may see: the chosen workspace's, or everybody's for an admin who chose none."""
    place = request[PLACE]
    return ANYONE if place.everybody else place.workspace_id


def tenant_of(request: web.Request) -> str:
    """Whose the things are that this request makes."""
    return request[PLACE].workspace_id


def address_of(request: web.Request) -> str:
    """The client's address: of whom the trusted proxies speak for, else of our peer."""
    return request.app[PROXIES].client(request)
