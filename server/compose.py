"""The one place where the parts are put together: for the server, its commands and the tests alike."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from engine.engine import Engine, EngineOptions
from engine.events import LocalBus
from engine.registry import Registry
from engine.sdk import Host
from engine.store import Store
from engine.stores.sqlite.store import SqliteStore
from plugins.builtins import BUILTINS
from server.accounts import Accounts
from server.passwords import Passwords
from server.scheduler import Scheduler
from server.settings import Settings
from server.signing_key import signing_key
from server.tokens import Tokens

Addresses = Callable[[], tuple[tuple[str, int], ...]]


@dataclass(slots=True, frozen=True)
class Parts:
    """A whole FlowDesk, put together and not running."""

    settings: Settings
    store: Store
    registry: Registry
    bus: LocalBus
    engine: Engine
    scheduler: Scheduler | None
    passwords: Passwords
    accounts: Accounts
    tokens: Tokens


def flowdesk_version() -> str:
    """The version of this installation; `0` when it was never installed."""
    try:
        return version("flowdesk")
    except PackageNotFoundError:
        return "0"


def make_store(settings: Settings) -> Store:
    """The store these settings choose; nothing is opened."""
    return SqliteStore(settings.database, synchronous=settings.synchronous)


def compose(settings: Settings, own_addresses: Addresses = tuple) -> Parts:
    """Everything these settings ask for. The data directory must exist: the signing key is read or made here."""
    key = signing_key(settings.jwt_secret, settings.signing_key_file)
    store = make_store(settings)
    registry = Registry()
    registry.load(BUILTINS)
    bus = LocalBus()
    engine = Engine(
        store,
        registry,
        bus,
        owner=f"{os.getpid()}-{secrets.token_hex(6)}",
        options=EngineOptions(
            max_running=settings.max_concurrent_runs,
            max_queued=settings.max_queued_runs,
            step_timeout_ms=settings.step_timeout_ms,
            retention_days=settings.retention_days or None,
        ),
        host=Host(
            user_agent=f"FlowDesk/{flowdesk_version()}",
            egress_allow=settings.egress_allow,
            own_addresses=own_addresses,
        ),
    )
    passwords = Passwords(settings.bcrypt_cost)
    return Parts(
        settings=settings,
        store=store,
        registry=registry,
        bus=bus,
        engine=engine,
        scheduler=Scheduler(engine, store) if settings.start_scheduler else None,
        passwords=passwords,
        accounts=Accounts(store.users, passwords),
        tokens=Tokens(key, hours=settings.token_hours),
    )
