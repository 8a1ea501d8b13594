"""`taskiq worker server.worker:broker` as real processes: refused, killed, stopped, without Redis."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiohttp import web

from engine.errors import Unusable
from engine.store import ANYONE
from server.worker_settings import worker_settings
from tests.plugins.http.servers import friendly
from tests.server.fleet import SECRET, new_prefix, shared, until, until_async, workers
from tests.server.live import Live, Person, action, live, sleep
from tests.servers.valkey import Valkey


def environ(settings: dict[str, Any]) -> dict[str, str]:
    """The same settings for a process."""
    names = {"mongo_url": "MONGO_URL", "redis_url": "REDIS_URL", "jwt_secret": "JWT_SECRET"}
    found = {names.get(name, f"FLOWDESK_{name.upper()}"): str(value) for name, value in settings.items()}
    return {"FLOWDESK_EGRESS_ALLOW": "127.0.0.1", **found}


@pytest.fixture
def settings(mongo_url: str, redis_url: str) -> dict[str, Any]:
    """A store and a queue of their own."""
    return shared(mongo_url, redis_url, redis_prefix=new_prefix(), lease_s=2)


class Partner:
    """A server that steps call: it notes the idempotency keys, and answers when and what the test wants."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[str] = []
        self.answers: list[int | None] = []
        self.over = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The next answer; None never comes."""
        self.keys.append(request.headers["Idempotency-Key"])
        status = self.answers[len(self.keys) - 1]
        if status is None:
            await self.over.wait()
        return web.json_response({"ok": True}, status=status or 200)


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    """Listens on loopback."""
    found = Partner()
    async with friendly(found.handle) as port:
        found.url = f"http://127.0.0.1:{port}/"
        yield found
        found.over.set()


def call(partner: Partner, **more: Any) -> dict[str, Any]:
    """A step that calls the partner."""
    return action("call", "http.request", params={"method": "POST", "url": partner.url}, **more)


async def status_of(person: Person, run_id: str) -> str:
    """How the run is."""
    return str((await person.get(f"/api/runs/{run_id}"))["status"])


async def finished(person: Person, run_id: str, status: str = "SUCCESS", within_s: float = 15) -> None:
    """Wait until the run is."""

    async def ended() -> bool:
        return await status_of(person, run_id) == status

    await until_async(ended, within_s)


async def holder(server: Live, run_id: str) -> int | None:
    """The process id of who executes the run."""
    admin = await server.parts.accounts.local_user()
    answer = await server.call("GET", "/api/workers", token=server.parts.tokens.issue(admin))
    return next((member["pid"] for member in answer.json if run_id in member["runs"]["ids"]), None)


async def test_retries_go_to_workers_and_survive_one_that_is_killed(
    settings: dict[str, Any], partner: Partner, tmp_path: Path
) -> None:
    """R3, R5, R9, Row 2: the server tries first, a worker retries; when that is killed another goes on in the lease."""
    partner.answers = [503, None, 200]
    async with (
        live(tmp_path / "server", **settings) as server,
        workers(tmp_path / "workers", environ(settings), processes=2) as crew,
    ):
        ali = await server.person("ali")
        run_id = await ali.start(await ali.save(call(partner, retry={"maxAttempts": 2, "backoffMs": 200})))
        await until(lambda: len(partner.keys) == 2)
        pid = await holder(server, run_id)
        assert pid in crew.children()
        began = monotonic()
        os.kill(pid or 0, signal.SIGKILL)
        await finished(ali, run_id)
        assert monotonic() - began < 18  # the lease is 2 s here, 20 otherwise
        assert len(partner.keys) == 3
        assert len(set(partner.keys)) == 1
        (job,) = await ali.get("/api/jobs")
        assert job["status"] == "COMPLETED"
        # The manager has started another one in its place.
        await until(lambda: crew.said().count("a worker is ready") == 3)
        assert "Traceback" not in crew.said()


@asynccontextmanager
async def busy(settings: dict[str, Any], directory: Path, step_ms: int, **more: Any) -> AsyncIterator[Any]:
    """A server that leaves everything to workers, and workers that execute one long step."""
    settings = {**settings, "workers": "all"}
    async with (
        live(directory / "server", **settings) as server,
        workers(directory / "workers", environ({**settings, "grace_s": 1}), processes=2, **more) as crew,
    ):
        ali = await server.person("ali")
        run_id = await ali.start(await ali.save(sleep("s", step_ms)))

        async def started() -> bool:
            return bool((await ali.get(f"/api/runs/{run_id}"))["steps"][0]["status"] == "RUNNING")

        await until_async(started)
        yield server, ali, crew, run_id


@pytest.mark.parametrize(
    ("whom", "uvloop", "number"),
    [("group", True, signal.SIGTERM), ("group", False, signal.SIGINT), ("manager", True, signal.SIGTERM)],
)
async def test_workers_end_in_good_order(
    settings: dict[str, Any], tmp_path: Path, whom: str, uvloop: bool, number: signal.Signals
) -> None:
    """Row 4: within the grace time, also when every process of the group is told at once; runs are let go of."""
    async with busy(settings, tmp_path, 60_000, uvloop=uvloop) as (server, _, crew, run_id):
        began = monotonic()
        if whom == "group":
            crew.signal_group(number)
        else:
            os.kill(crew.pid, number)
        ended = await crew.ended()
        assert monotonic() - began < 9  # the grace time is 1 s here, 10 otherwise
        assert ended.code == 0
        assert "Traceback" not in ended.err
        row = await server.parts.store.runs.get(run_id, owner=ANYONE)
        assert (row.owner, row.status.value) == (None, "QUEUED")
        told = [row.info or {} for row in await server.parts.store.upkeep.processes()]
        assert [info["role"] for info in told] == ["server"]


async def test_a_step_that_ends_within_the_grace_time_is_kept(settings: dict[str, Any], tmp_path: Path) -> None:
    """R3, Row 4."""
    async with busy(settings, tmp_path, 700) as (_, ali, crew, run_id):
        crew.signal_group(signal.SIGTERM)
        assert (await crew.ended()).code == 0
        run = await ali.get(f"/api/runs/{run_id}")
        assert run["status"] == "SUCCESS"
        assert run["steps"][0]["attempt"] == 1


async def test_workers_leave_when_their_manager_was_killed(settings: dict[str, Any], tmp_path: Path) -> None:
    """Nobody could stop them any more otherwise, and a service manager starts others."""
    async with workers(tmp_path, environ(settings), processes=2) as crew:
        os.kill(crew.pid, signal.SIGKILL)
        ended = await crew.ended()
        assert ended.err.count("is gone; this worker leaves too") == 2
        assert ended.err.count('"stopped"') == 2


async def test_workers_work_before_redis_does(mongo_url: str, own_redis: Valkey, tmp_path: Path) -> None:
    """R10, Row 5: nothing is lost, only slower."""
    own_redis.kill()
    settings = shared(mongo_url, own_redis.url, workers="all")
    async with (
        live(tmp_path / "server", **settings) as server,
        workers(tmp_path / "workers", environ(settings)) as crew,
    ):
        ali = await server.person("ali")
        workflow_id = await ali.save(sleep("s", 1))
        await finished(ali, await ali.start(workflow_id))
        ready = (await server.call("GET", "/readyz")).json
        assert (ready["status"], ready["queue"]["state"], ready["bus"]["state"]) == ("ok", "degraded", "degraded")
        assert ready["workers"] == 1
        own_redis.start()

        async def well() -> bool:
            await ali.run(workflow_id)
            found = (await server.call("GET", "/readyz")).json
            return bool(found["queue"]["state"] == found["bus"]["state"] == "ok")

        await until_async(well, 20)
        await until(lambda: "messages for workers cannot be read no longer" in crew.said())
        own_redis.send(b"FLUSHALL")
        for _ in range(3):
            await ali.run(workflow_id)
        assert "Traceback" not in crew.said()


REFUSALS = [
    ({}, "without MONGO_URL everything is in SQLite, which only the server may write"),
    ({"FLOWDESK_DATA_DIRR": "x"}, "FLOWDESK_DATA_DIRR: there is no such setting"),
    ({"MONGO_URL": "mongodb://h/", "JWT_SECRET": SECRET}, "workers are woken through Redis, and REDIS_URL is not set"),
    (
        {"MONGO_URL": "mongodb://h/", "REDIS_URL": "redis://h/", "JWT_SECRET": SECRET, "FLOWDESK_WORKERS": "none"},
        "FLOWDESK_WORKERS=none leaves nothing to workers",
    ),
]


async def refused(directory: Path, said: str, environment: dict[str, str]) -> None:
    """It must end soon, say this once, and not with success."""
    async with workers(directory, environment, processes=2, ready=False) as crew:
        ended = await crew.ended()
    lines = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, ended.err
    assert said in ended.err
    assert ended.code == -signal.SIGUSR1
    assert "Traceback" not in ended.err
    assert ended.err.count("Started process") == 2, "no worker was started again"


@pytest.mark.parametrize(("environment", "said"), REFUSALS)
def test_settings_that_leave_a_worker_nothing_to_do(environment: dict[str, str], said: str, tmp_path: Path) -> None:
    """In one line that says what to set."""
    with pytest.raises(Unusable) as caught:
        worker_settings(environment, tmp_path / ".env")
    assert said in str(caught.value)
    assert caught.value.code == "settings"


async def test_workers_on_sqlite_are_refused(tmp_path: Path) -> None:
    """In one line, with an exit code that is not 0, and without trying for ever."""
    await refused(tmp_path, REFUSALS[0][1], {})


async def test_a_password_redis_does_not_know(mongo_url: str, own_redis: Valkey, tmp_path: Path) -> None:
    """It will not get better by itself, unlike a Redis that is away."""
    own_redis.send(b"CONFIG SET requirepass something-else")
    redis = own_redis.url.replace("redis://", "redis://:hunter2@")
    settings = shared(mongo_url, redis)
    place = f"Redis at 127.0.0.1:{own_redis.port} refuses the login of REDIS_URL"
    await refused(tmp_path / "redis", place, environ(settings))
    assert "hunter2" not in (tmp_path / "redis" / "worker.log").read_text()


async def test_messages_of_any_form_leave_a_worker_unharmed(settings: dict[str, Any], tmp_path: Path) -> None:
    """Row 6: unknown and finished runs, runs whose time has not come, twice the same."""
    settings = {**settings, "workers": "all"}
    async with (
        live(tmp_path / "server", **settings) as server,
        workers(tmp_path / "workers", environ(settings)) as crew,
    ):
        ali = await server.person("ali")
        workflow_id = await ali.save(sleep("s", 1))
        run = await ali.run(workflow_id)
        retry = {"maxAttempts": 2, "backoffMs": 60_000}
        later = await ali.start(
            await ali.save(action("c", "http.request", params={"url": "http://127.0.0.1:9/"}, retry=retry))
        )
        await finished(ali, later, "WAITING")
        waiting = await ali.get(f"/api/runs/{later}")
        queue = server.parts.queue
        assert queue is not None
        for run_id in (run["id"], run["id"], "unknown", "", "x" * 1000, later):
            assert await queue.ring(run_id, "of no use")
        assert (await ali.run(workflow_id))["status"] == "SUCCESS"
        await until(lambda: "names a run that does not exist: 'unknown'" in crew.said())
        assert crew.said().count("a message names no run") == 2
        assert await ali.get(f"/api/runs/{run['id']}") == run
        assert await ali.get(f"/api/runs/{later}") == waiting
        assert "Traceback" not in crew.said()


async def test_importing_the_worker_reads_and_connects_nothing(tmp_path: Path) -> None:
    """taskiq imports the module in several processes, and so do tools that only look at it."""
    code = "import sys, server.worker; print([name for name in ('taskiq', 'redis', 'engine') if name in sys.modules])"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", code),
        cwd=tmp_path,
        env={"MONGO_URL": "nonsense", "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert (process.returncode, out) == (0, b"[]\n")
