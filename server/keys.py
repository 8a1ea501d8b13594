"""Where handlers find what they need: typed keys into the application and the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from engine.models.run import Role, User
from engine.registry import Registry
from engine.store import ANYONE, Owner, Store
from server.accounts import Accounts
from server.arrival import Arrival
from server.captures import Captures
from server.links import AnswerLinks
from server.settings import Settings
from server.tokens import Tokens

if TYPE_CHECKING:
    from engine.engine import Engine
    from engine.events import LocalBus
    from server.queues.taskiq_queue import TaskiqQueue
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
CAPTURES: Final = web.AppKey("captures", Captures)
ENGINE: Final[web.AppKey[Engine]] = web.AppKey("engine")
KEEPER: Final[web.AppKey[Keeper]] = web.AppKey("keeper")
CONNECTING: Final[web.AppKey[Connecting]] = web.AppKey("connecting")
USAGES: Final[web.AppKey[Usages]] = web.AppKey("usages")
ARRIVAL: Final = web.AppKey("arrival", Arrival)
QUEUE: Final[web.AppKey[TaskiqQueue | None]] = web.AppKey("queue")

USER: Final = web.RequestKey("user", User)
"""Who asks; present in every handler of a route that is not public."""


def owner_of(request: web.Request) -> Owner:
    """Whose things this request may see: the user's own, or everybody's for an admin."""
    user = request[USER]
    return ANYONE if user.role is Role.ADMIN else user.id


def tenant_of(request: web.Request) -> str:
    """Whose secrets this request reads and writes: always one tenant's, an administrator's too."""
    return request[USER].id
