"""Several servers over one MongoDB: whichever is asked, the answer is the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from engine.clock import now_ms
from engine.engine import Engine, EngineOptions
from engine.ids import new_workflow_id
from engine.models.run import Role, RunStatus
from engine.models.workflow import Workflow
from engine.registry import Registry
from engine.schedules.schedule import Schedule
from engine.store import ANYONE, RunFilter, ScheduleRow, ScheduleState
from engine.stores.memory import MemoryStore
from plugins.builtins import BUILTINS
from server import redis_client
from server.accounts import REMEMBER_S, Accounts
from server.buses.shared import SharedBus
from server.compose import compose_worker
from server.passwords import Passwords
from server.scheduler import Scheduler
from server.settings import Settings
from tests.contract.make import make_user
from tests.server.fleet import new_prefix, shared, until, until_async
from tests.server.live import Live, Person, action, eventually, greet, live, sleep, webhook
from tests.server.test_events import follow
from tests.servers.patient import patient_store
from tests.servers.valkey import Valkey


@asynccontextmanager
async def servers(directory: Path, count: int = 2, **settings: Any) -> AsyncIterator[list[Live]]:
    """So many servers with these settings."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_patient(directory / str(n), **settings)) for n in range(count)]


def _patient(directory: Path, **settings: Any) -> AbstractAsyncContextManager[Live]:
    return live(directory, store=patient_store(settings["mongo_url"]), **settings)


@asynccontextmanager
async def worker(**settings: Any) -> AsyncIterator[Engine]:
    """What a worker process executes with, without its taskiq: only its sweeper finds runs."""
    chosen = Settings(egress_allow=("127.0.0.1",), **settings)
    core = compose_worker(chosen, store=patient_store(settings["mongo_url"]))
    await core.store.open()
    core.bus.start()
    await core.engine.start()
    try:
        yield core.engine
    finally:
        await core.engine.stop(2)
        await core.bus.stop()
        await core.store.close()


def at(server: Live, person: Person) -> Person:
    """The same person with the same token at another server."""
    return replace(person, live=server)


async def held_by(server: Live, run_id: str) -> None:
    """Wait until this server executes the run."""
    await until(lambda: run_id in server.parts.engine.executor.drivers)


async def test_one_account_one_token_one_truth(mongo_url: str, tmp_path: Path) -> None:
    async with servers(tmp_path, **shared(mongo_url)) as (one, two):
        answer = await one.call(
            "POST", "/api/auth/register", {"email": "ali@example.com", "password": "correct horse battery"}
        )
        assert answer.status == 201
        token = answer.json["token"]
        assert (await two.call("GET", "/api/me", token=token)).json["email"] == "ali@example.com"
        answer = await two.call(
            "POST", "/api/auth/login", {"email": "ali@example.com", "password": "correct horse battery"}
        )
        ali = Person(two, make_user(), answer.json["token"])
        workflow_id = await at(one, ali).save(greet(), name="first")
        document = await ali.get(f"/api/workflows/{workflow_id}")
        run = await at(two, ali).run(workflow_id, name="Ali")
        assert (await at(one, ali).get(f"/api/runs/{run['id']}"))["logs"] == run["logs"]
        assert document["name"] == "first"


async def test_a_save_at_one_server_counts_at_once_at_the_other(mongo_url: str, tmp_path: Path) -> None:
    async with servers(tmp_path, **shared(mongo_url)) as (one, two):
        ali = await one.person("ali")
        workflow_id = await ali.save(webhook("greet"), greet())
        hook = f"/api/hooks/{workflow_id}"
        for n in range(5):
            saver, runner = (one, two) if n % 2 else (two, one)
            document = await at(saver, ali).get(f"/api/workflows/{workflow_id}")
            document["name"] = f"version {n + 2}"
            assert (await at(saver, ali).call("PUT", f"/api/workflows/{workflow_id}", document)).status == 200
            accepted = await asyncio.gather(*(runner.call("POST", hook, {"name": "x"}) for _ in range(5)))
            found = {(await ali.get(f"/api/runs/{one.json['runId']}"))["workflowVersion"] for one in accepted}
            assert found == {n + 2}
        assert (await at(two, ali).call("DELETE", f"/api/workflows/{workflow_id}")).status == 204
        assert (await one.call("POST", hook, {})).status == 404


async def test_the_same_webhook_id_at_two_servers_is_one_run(mongo_url: str, tmp_path: Path) -> None:
    """R6, Row 18: by a unique index, not by anything a server remembers."""
    async with servers(tmp_path, **shared(mongo_url)) as both:
        ali = await both[0].person("ali")
        workflow_id = await ali.save(webhook("sleep"), sleep("sleep", 50))
        calls = [
            both[n % 2].call(
                "POST", f"/api/hooks/{workflow_id}", {"n": n // 8}, headers={"Idempotency-Key": f"key-{n // 8}"}
            )
            for n in range(40)
        ]
        answers = await asyncio.gather(*calls)
        assert {answer.status for answer in answers} <= {202, 409}
        by_key: dict[int, set[str]] = {}
        for n, answer in enumerate(answers):
            if answer.status == 202:
                by_key.setdefault(n // 8, set()).add(answer.json["runId"])
        assert {len(ids) for ids in by_key.values()} == {1}
        assert len(await ali.get("/api/runs")) == 5


async def test_cancelling_at_one_server_what_the_other_executes(mongo_url: str, tmp_path: Path) -> None:
    """Row 28: within two seconds."""
    async with servers(tmp_path, **shared(mongo_url)) as (one, two):
        ali = await one.person("ali")
        run_id = await ali.start(await ali.save(sleep()))
        await held_by(one, run_id)
        began = monotonic()
        answer = await at(two, ali).call("POST", f"/api/runs/{run_id}/cancel")
        assert (answer.status, answer.json["status"]) == (202, "CANCELLED")
        assert monotonic() - began < 10  # two seconds are promised; the run sleeps for a minute
        await until(lambda: run_id not in one.parts.engine.executor.drivers)


async def test_undoing_at_one_server_what_the_other_executes(mongo_url: str, tmp_path: Path) -> None:
    """Row 28, R3: undo and `finally` run once, whoever is told."""
    async with servers(tmp_path, **shared(mongo_url)) as (one, two):
        ali = await one.person("ali")
        steps = [greet("charge", "ship") | {"undo": "refund"}, sleep("ship"), greet("refund"), greet("report")]
        run_id = await ali.start(await ali.save(*steps, **{"finally": ["report"]}))
        await held_by(one, run_id)

        async def shipping() -> Any:
            return (await ali.get(f"/api/runs/{run_id}"))["steps"][1]["status"] == "RUNNING"

        await eventually(shipping)
        answer = await at(two, ali).call("POST", f"/api/runs/{run_id}/cancel", {"undo": True})
        assert answer.status == 202

        async def ended() -> Any:
            return (await ali.get(f"/api/runs/{run_id}"))["status"] == "CANCELLED"

        await eventually(ended)
        journal = await at(two, ali).get(f"/api/runs/{run_id}/journal")
        done = [event["stepId"] for event in journal if event["type"] == "step.succeeded"]
        assert done == ["charge", "refund", "report"]


@pytest.mark.parametrize("with_redis", [True, False])
async def test_a_run_is_followed_from_any_server(
    mongo_url: str, redis_url: str, tmp_path: Path, with_redis: bool
) -> None:
    """R10: every event once and in order; without Redis up to a second later."""
    settings = shared(mongo_url, redis_url if with_redis else None)
    if with_redis:
        settings["redis_prefix"] = new_prefix()
    async with servers(tmp_path, **settings) as (one, two):
        ali = await one.person("ali")
        steps = [sleep(f"s{n}", 40, f"s{n + 1}") for n in range(10)]
        run_id = await ali.start(await ali.save(*steps, greet("s10")))
        await held_by(one, run_id)
        async with follow(at(two, ali), f"/api/runs/{run_id}/events") as stream:
            *events, end = await stream.events()
        assert [event["data"] for event in events] == await ali.get(f"/api/runs/{run_id}/journal")
        assert end["data"]["status"] == "SUCCESS"
        async with follow(at(two, ali), "/api/events") as wide:
            await wide.block()
            again = await ali.start((await ali.get(f"/api/runs/{run_id}"))["workflowId"])
            seen: list[Any] = []
            while not seen or seen[-1]["event"] != "run.succeeded":
                seen += await wide.events(1)
        assert [event["data"] for event in seen] == await ali.get(f"/api/runs/{again}/journal")


async def test_following_goes_on_across_a_restart_of_redis(mongo_url: str, own_redis: Valkey, tmp_path: Path) -> None:
    """R10, Row 5."""
    settings = shared(mongo_url, own_redis.url)
    async with servers(tmp_path, **settings) as (one, two):
        ali = await one.person("ali")
        steps = [sleep(f"s{n}", 80, f"s{n + 1}") for n in range(16)]
        run_id = await ali.start(await ali.save(*steps, greet("s16")))
        await held_by(one, run_id)
        async with follow(at(two, ali), f"/api/runs/{run_id}/events") as stream:
            events = await stream.events(5)
            own_redis.kill()
            events += await stream.events(5)
            own_redis.start()
            *rest, end = await stream.events()
        assert [event["data"] for event in events + rest] == await ali.get(f"/api/runs/{run_id}/journal")
        assert end["data"]["status"] == "SUCCESS"


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_server_that_has_nothing_to_send_knows_how_redis_is(
    mongo_url: str, own_redis: Valkey, tmp_path: Path, hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 5: also one that starts without it; it is ready all the same."""
    monkeypatch.setattr(redis_client, "KNOWN_S", 0.1)
    own_redis.kill()
    async with live(tmp_path, **shared(mongo_url, own_redis.url)) as server:

        async def state() -> tuple[int, str, str]:
            answer = await server.call("GET", "/readyz")
            return answer.status, answer.json["queue"]["state"], answer.json["bus"]["state"]

        async def noticed() -> bool:
            return await state() == (200, "degraded", "degraded")

        async def well() -> bool:
            return await state() == (200, "ok", "ok")

        await until_async(noticed)
        own_redis.start()
        await until_async(well)
        if hangs:
            own_redis.pause()
        else:
            own_redis.kill()
        await until_async(noticed)
        if hangs:
            own_redis.resume()


async def test_what_is_left_to_workers(mongo_url: str, redis_url: str, tmp_path: Path) -> None:
    """A server that leaves all runs to workers waits for them, and says who lives and what they hold."""
    settings = shared(mongo_url, redis_url, redis_prefix=new_prefix(), workers="all")
    async with servers(tmp_path, 1, **settings) as (server,), worker(**settings) as engine:
        ali, admin = await server.person("ali"), await server.person("admin", Role.ADMIN)
        run = await ali.run(await ali.save(sleep("s", 20, "greet"), greet()), name="Ali")
        assert (run["status"], run["data"]["greeting"]) == ("SUCCESS", "Hello Ali")
        run_id = await ali.start(await ali.save(sleep()))
        await until(lambda: run_id in engine.executor.drivers)
        assert (await server.call("GET", "/readyz")).json["workers"] == 1
        found = {member["role"]: member for member in await admin.get("/api/workers")}
        assert found["server"]["answering"]
        assert found["server"]["executes"] == "none"
        assert (found["server"]["runs"], found["server"]["differences"]) == ({"count": 0, "ids": []}, [])
        assert found["worker"]["id"] == engine.owner
        assert (found["worker"]["concurrency"], found["worker"]["executes"]) == (100, "all")
        assert (found["worker"]["runs"], found["worker"]["differences"]) == ({"count": 1, "ids": [run_id]}, [])
        assert (await ali.call("GET", "/api/workers")).code == "admin_only"
        answer = await ali.call("POST", f"/api/runs/{run_id}/cancel")
        assert answer.json["status"] == "CANCELLED"


async def test_processes_that_do_not_fit_together_are_told_apart(
    mongo_url: str, redis_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker with other settings or steps is named with what to do about it, in its log and by the servers."""
    prefix = new_prefix()
    settings = shared(mongo_url, redis_url, redis_prefix=prefix)
    async with servers(tmp_path, 1, **settings) as (server,):
        admin = await server.person("admin", Role.ADMIN)
        async with worker(**{**settings, "workers": "all", "redis_prefix": f"{prefix}-other"}):
            found = {member["role"]: member["differences"] for member in await admin.get("/api/workers")}
    same = "give every process the same settings"
    assert found["server"] == []
    assert found["worker"] == [
        f"its FLOWDESK_WORKERS differs (all there, retries here); {same}",
        f"its REDIS_URL or FLOWDESK_REDIS_PREFIX differs ({prefix}-other there, {prefix} here); {same}",
    ]


async def test_runs_are_executed_although_no_worker_lives(mongo_url: str, redis_url: str, tmp_path: Path) -> None:
    """R2: a server that leaves retries to workers takes them itself when nobody did for a while."""
    settings = shared(mongo_url, redis_url, redis_prefix=new_prefix())
    async with servers(tmp_path, 1, **settings) as (server,):
        engine = server.parts.engine
        engine.options = replace(engine.options, patience_s=1.0)
        ali = await server.person("ali")
        call = action(
            "call", "http.request", params={"url": "http://127.0.0.1:9/"}, retry={"maxAttempts": 2, "backoffMs": 100}
        )
        workflow_id = await ali.save(call)
        began = monotonic()
        run_id = await ali.start(workflow_id)

        async def failed() -> bool:
            return bool((await ali.get(f"/api/runs/{run_id}"))["status"] == "FAILED")

        await until_async(failed, 30)
        assert monotonic() - began > 0.9


async def test_an_account_that_changed_elsewhere_is_noticed(tmp_path: Path) -> None:
    """Each server believes what it knows of an account for a few seconds at most."""
    assert REMEMBER_S <= 5
    store, passwords, now = MemoryStore(), Passwords(10), 100.0
    here, there = (Accounts(store.users, passwords, monotonic=lambda: now) for _ in range(2))
    user = make_user()
    await store.users.create(user)
    assert await here.by_id(user.id) == user
    await store.users.update(user.id, role=Role.ADMIN, token_version=1)
    seen = await there.by_id(user.id)
    assert seen is not None
    assert seen.token_version == 1
    now += REMEMBER_S + 0.1
    assert await here.by_id(user.id) == seen
    passwords.close()


async def test_two_first_starts_at_once_make_one_local_account(mongo_url: str, tmp_path: Path) -> None:
    async with servers(tmp_path, **shared(mongo_url)) as both:
        users = await asyncio.gather(*(one.parts.accounts.local_user() for one in both for _ in range(3)))
        assert len({user.id for user in users}) == 1


TICKS, SCHEDULES = 50, 20


async def test_one_run_for_each_tick_of_three_servers(mongo_url: str) -> None:
    """R8, Row 15: 3 servers, 1,000 ticks, 1,000 runs."""
    start = now_ms() // 60_000 * 60_000
    store = patient_store(mongo_url)
    await store.open()
    minutely = Schedule("cron", "* * * * *", "UTC")
    for n in range(SCHEDULES):
        workflow = _scheduled(n)
        row = ScheduleRow(workflow.id, "main", minutely, start, state=ScheduleState(cursor=start - 1))
        await store.workflows.create(workflow, [row], saved_by="me")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        schedulers = [await stack.enter_async_context(_scheduler(mongo_url)) for _ in range(3)]
        started = []
        for tick in range(TICKS):
            now = start + tick * 60_000 + 500
            started += await asyncio.gather(*(scheduler.tick(now) for scheduler in schedulers))
        assert sum(started) == TICKS * SCHEDULES
        assert await store.runs.active(owner=ANYONE) == 0
        counted: Counter[str] = Counter()
        times = set()
        cursor = None
        while True:
            page = await store.runs.page(RunFilter(ANYONE), limit=200, cursor=cursor)
            counted.update(row.workflow_id for row in page.items)
            times |= {(row.workflow_id, row.scheduled_at) for row in page.items}
            assert {row.status for row in page.items} == {RunStatus.SUCCESS}
            cursor = page.cursor
            if cursor is None:
                break
    assert set(counted.values()) == {TICKS}
    assert len(counted) == SCHEDULES
    assert len(times) == TICKS * SCHEDULES


def _scheduled(number: int) -> Workflow:
    return Workflow.model_validate(
        {
            "id": new_workflow_id(now_ms()),
            "ownerId": "me",
            "version": 1,
            "createdAt": now_ms(),
            "updatedAt": now_ms(),
            "name": f"every minute {number}",
            "scheduleCron": "* * * * *",
            "steps": [{"id": "a", "ref": "data.set", "params": {"values": {"x": 1}}}],
        }
    )


@asynccontextmanager
async def _scheduler(mongo_url: str) -> AsyncIterator[Scheduler]:
    """The engine and scheduler of one server."""
    store = patient_store(mongo_url)
    await store.open()
    registry = Registry()
    registry.load(BUILTINS)
    bus = SharedBus(store.runs)
    engine = Engine(store, registry, bus, owner=f"server-{id(store)}", options=EngineOptions())
    await engine.start()
    try:
        yield Scheduler(engine, store)
    finally:
        await engine.stop(2)
        await store.close()
