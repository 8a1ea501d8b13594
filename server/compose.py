"""The one place where the parts are put together: for the server, the worker, their commands and the tests alike."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import now_ms
from engine.doorbell import Doorbell, Execute
from engine.engine import Engine, EngineOptions
from engine.events import LocalBus
from engine.registry import Registry
from engine.sdk import Host
from engine.store import Store
from engine.stores.sqlite.store import SqliteStore
from plugins.builtins import BUILTINS
from server.accounts import Accounts
from server.api_keys import ApiKeys
from server.fleet import Role, introduction
from server.hooks.addresses import HookAddresses
from server.invitations import Invitations
from server.links import AnswerLinks
from server.metrics.gauges import Metrics
from server.metrics.meters import Meters
from server.passwords import Passwords
from server.policies import Policies
from server.quotas import Quotas
from server.rates.buckets import Buckets, LocalBuckets
from server.rates.limiter import Limiter
from server.scheduler import Scheduler
from server.sessions import Sessions
from server.settings import Settings
from server.signing_key import signing_key
from server.sockets import url_of
from server.tenants import Tenants
from server.tokens import Tokens
from server.tracing.setup import Telemetry, telemetry
from server.vault.connecting import Connecting
from server.vault.keeper import Keeper
from server.vault.keyring import Keyring
from server.vault.sources import Sources
from server.vault.usages import Usages

if TYPE_CHECKING:
    from server.queues.taskiq_queue import TaskiqQueue

Addresses = Callable[[], tuple[tuple[str, int], ...]]


@dataclass(slots=True, frozen=True)
class Core:
    """What executes runs, in whatever process, put together and not running."""

    settings: Settings
    store: Store
    registry: Registry
    bus: LocalBus
    engine: Engine
    keeper: Keeper
    connecting: Connecting
    metrics: Metrics
    telemetry: Telemetry
    policies: Policies


@dataclass(slots=True, frozen=True)
class Parts(Core):
    """A whole server, put together and not running."""

    queue: TaskiqQueue | None
    scheduler: Scheduler | None
    passwords: Passwords
    accounts: Accounts
    tokens: Tokens
    links: AnswerLinks
    usages: Usages
    hook_addresses: HookAddresses
    api_keys: ApiKeys
    sessions: Sessions
    invitations: Invitations
    tenants: Tenants
    limiter: Limiter
    quotas: Quotas


def flowdesk_version() -> str:
    """The version of this installation; `0` when it was never installed."""
    try:
        return version("flowdesk")
    except PackageNotFoundError:
        return "0"


def make_store(settings: Settings) -> Store:
    """The store these settings choose; nothing is opened."""
    if settings.mongo_url is None:
        return SqliteStore(settings.database, synchronous=settings.synchronous)
    from engine.stores.mongo.store import MongoStore  # its drivers cost time and memory

    return MongoStore(settings.mongo_url)


def compose(settings: Settings, own_addresses: Addresses = tuple, *, store: Store | None = None) -> Parts:
    """A server with everything these settings ask for. The data directory must exist: the signing key may be made.

    `store` replaces the one the settings choose; it must be of the same kind.
    """
    key = signing_key(settings.jwt_secret, settings.signing_key_file)
    queue = _make_queue(settings)
    store = store or make_store(settings)
    links = AnswerLinks(key, partial(_base, settings, own_addresses))
    core = _core(
        settings,
        store,
        "server",
        execute=settings.execute,
        doorbell=queue,
        own_addresses=own_addresses,
        links=links,
    )
    passwords = Passwords(settings.bcrypt_cost)
    quotas = Quotas(settings, core.policies, store.figures, store.runs)
    core.engine.begun = quotas.begun
    scheduler = None
    if settings.start_scheduler:
        late = core.metrics.meters.lateness.observe
        scheduler = Scheduler(core.engine, core.store, late=late, room=quotas.room_for)
    core.metrics.queue, core.metrics.scheduler = queue, scheduler
    return Parts(
        settings=settings,
        store=core.store,
        registry=core.registry,
        bus=core.bus,
        engine=core.engine,
        keeper=core.keeper,
        connecting=core.connecting,
        metrics=core.metrics,
        telemetry=core.telemetry,
        policies=core.policies,
        queue=queue,
        scheduler=scheduler,
        passwords=passwords,
        accounts=Accounts(core.store.users, passwords),
        tokens=Tokens(key, hours=settings.token_hours),
        links=links,
        usages=Usages(core.store.workflows),
        hook_addresses=HookAddresses(store.credentials, key),
        api_keys=ApiKeys(store.credentials),
        sessions=Sessions(store.credentials, days=settings.session_days),
        invitations=Invitations(store.credentials),
        tenants=Tenants(store.workspaces),
        limiter=Limiter(settings, _make_buckets(settings)),
        quotas=quotas,
    )


def compose_worker(settings: Settings, *, store: Store | None = None) -> Core:
    """What a worker process needs: everything but the API, accounts and schedules. `store` as for `compose`."""
    store = store or make_store(settings)
    # Workers share the key by setting, since nothing is kept beside them; one without makes no links.
    links = AnswerLinks(settings.jwt_secret.encode(), partial(_base, settings, tuple)) if settings.jwt_secret else None
    return _core(settings, store, "worker", execute="all", doorbell=None, own_addresses=tuple, links=links)


def _base(settings: Settings, own_addresses: Addresses) -> str | None:
    """What the addresses of this installation begin with, as far as it knows."""
    own = own_addresses()
    return settings.public_url or (url_of(own) if own else None)


def _core(
    settings: Settings,
    store: Store,
    role: Role,
    *,
    execute: Execute,
    doorbell: Doorbell | None,
    own_addresses: Addresses,
    links: AnswerLinks | None,
) -> Core:
    registry = Registry()
    registry.load(BUILTINS, version=flowdesk_version())
    bus = _make_bus(settings, store)
    worker = role == "worker"
    max_running = settings.worker_concurrency if worker else settings.max_concurrent_runs
    policies = Policies(store.policies)
    host = Host(
        user_agent=f"FlowDesk/{flowdesk_version()}",
        egress_allow=settings.egress_allow,
        own_addresses=own_addresses,
        egress=policies.egress,
    )
    keeper = make_keeper(settings, store, host)
    meters = Meters()
    instance = f"{os.getpid()}-{secrets.token_hex(6)}"
    traces = telemetry(settings, instance=instance, version=flowdesk_version())
    engine = Engine(
        store,
        registry,
        bus,
        owner=instance,
        options=EngineOptions(
            max_running=max_running,
            max_per_owner=settings.max_runs_per_owner or -(-max_running * 4 // 5),
            max_queued=0 if worker else settings.max_queued_runs,
            step_timeout_ms=settings.step_timeout_ms,
            lease_s=settings.lease_s,
            heartbeat_s=settings.lease_s / 4,
            retention_days=None if worker else settings.retention_days or None,
            execute=execute,
        ),
        host=host,
        doorbell=doorbell,
        links=links,
        vault=keeper,
        meter=meters.work,
        tracing=traces.tracing,
        info=introduction(role, settings, registry, version=flowdesk_version(), now=now_ms()),
    )
    metrics = Metrics(meters, engine, store, bus, role)
    connecting = Connecting(keeper, host)
    return Core(settings, store, registry, bus, engine, keeper, connecting, metrics, traces, policies)


def make_keyring(settings: Settings) -> Keyring:
    """The keys of these settings; several servers must be given one, so that each does not make its own."""
    return Keyring(settings.secrets_key, settings.secrets_key_file, may_make=settings.mongo_url is None)


def make_keeper(settings: Settings, store: Store, host: Host) -> Keeper:
    """What keeps the secrets of this store."""
    sources = Sources(settings.secrets_env, tuple(Path(entry) for entry in settings.secrets_files))
    return Keeper(store.secrets, make_keyring(settings), sources, host)


def _make_bus(settings: Settings, store: Store) -> LocalBus:
    if store.exclusive:
        return LocalBus()
    from server.buses.shared import SharedBus

    return SharedBus(store.runs, redis_url=settings.redis_url, prefix=settings.redis_prefix)


def _make_buckets(settings: Settings) -> Buckets:
    if settings.redis_url is None:
        return LocalBuckets()
    from server.rates.shared import SharedBuckets

    return SharedBuckets(settings.redis_url, settings.redis_prefix)


def _make_queue(settings: Settings) -> TaskiqQueue | None:
    if settings.redis_url is None or settings.workers_execute == "none":
        return None
    from server.queues.stream import DoorbellStream
    from server.queues.taskiq_queue import CONNECTIONS, TaskiqQueue

    stream = DoorbellStream(
        settings.redis_url,
        settings.redis_prefix,
        concurrency=settings.worker_concurrency,
        connections=CONNECTIONS,
    )
    return TaskiqQueue(stream)
