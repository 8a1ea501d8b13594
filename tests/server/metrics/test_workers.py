"""The metrics of worker processes: at ports of their own, for those who may."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.errors import Unusable
from server.compose import compose_worker
from server.environment import load_settings
from server.settings import Settings
from server.worker_metrics import listening, number_of
from tests.server.fleet import SECRET, until_async, workers
from tests.server.live import live
from tests.server.metrics.parser import Exposition, parse
from tests.server.test_worker import Partner, call, environ, finished, partner, settings

__all__ = ["partner", "settings"]

TOKEN = "metrics-token-0123456789"
SCALED = {"MONGO_URL": "mongodb://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0", "JWT_SECRET": SECRET}
PORT = "FLOWDESK_WORKER_METRICS_PORT"


@pytest.fixture
def ports() -> Iterator[int]:
    """The first of two ports in a row that nobody has."""
    while True:
        with ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            second = held.enter_context(socket.socket())
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
        yield port
        return


async def read(port: int, token: str | None = TOKEN) -> tuple[int, bytes]:
    """The status and the body."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=10)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"http://127.0.0.1:{port}/metrics", headers=headers) as answer,
    ):
        return answer.status, await answer.read()


@pytest.mark.parametrize(
    ("process", "number"), [("worker-0", 0), ("worker-3", 3), ("MainProcess", 0), ("worker-x", 0), ("7", 0)]
)
def test_each_process_of_a_manager_has_its_port(process: str, number: int) -> None:
    assert number_of(process) == number


def test_a_port_that_nobody_could_read_is_refused() -> None:
    for given in ({}, {"FLOWDESK_METRICS": "admin"}):
        with pytest.raises(Unusable, match=PORT):
            load_settings({**SCALED, PORT: "9400", **given})
    with pytest.raises(Unusable, match="has no effect without REDIS_URL"):
        load_settings({PORT: "9400", "FLOWDESK_METRICS_TOKEN": TOKEN})
    for given in ({"FLOWDESK_METRICS": "loopback"}, {"FLOWDESK_METRICS_TOKEN": TOKEN}):
        assert load_settings({**SCALED, PORT: "9400", **given}).worker_metrics_port == 9400


@pytest.mark.parametrize("token", ["short", "with space in between", "tab\there-is-a-tab-in-it"])
def test_a_token_that_cannot_be_sent_or_guessed_is_refused(token: str) -> None:
    with pytest.raises(Unusable, match="FLOWDESK_METRICS_TOKEN") as caught:
        load_settings({"FLOWDESK_METRICS_TOKEN": token})
    assert token not in str(caught.value)


async def test_only_the_token_opens_it_and_a_taken_port_costs_the_figures_only(
    ports: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flowdesk.worker")
    chosen = load_settings({**SCALED, PORT: str(ports), "FLOWDESK_METRICS_TOKEN": TOKEN})
    core = compose_worker(chosen)
    core.metrics.store = compose_worker(Settings(), store=None).store  # a closed one that answers at once
    async with listening(chosen, core.metrics) as port:
        assert port == ports
        assert (await read(port, None))[0] == (await read(port, "x" * 20))[0] == 401
        status, body = await read(port)
        assert status == 200
        found = parse(body.decode())
        assert found.get("flowdesk_store_up") == 0
        assert found.get("flowdesk_runs_slots") == chosen.worker_concurrency
        async with listening(chosen, core.metrics) as second:
            assert second is None
    assert "no metrics: cannot listen on" in caplog.text
    async with listening(Settings(), core.metrics) as none:
        assert none is None


async def test_a_worker_tells_what_it_has_executed(
    settings: dict[str, Any], partner: Partner, ports: int, tmp_path: Path
) -> None:
    """A retry that a worker executes is counted by it, and its process by the server."""
    partner.answers = [503, 200]
    given = {**environ(settings), PORT: str(ports), "FLOWDESK_METRICS_TOKEN": TOKEN}
    async with (
        live(tmp_path / "server", **settings, metrics_token=TOKEN) as server,
        workers(tmp_path / "workers", given, processes=2),
    ):
        ali = await server.person("ali")
        run_id = await ali.start(await ali.save(call(partner, retry={"maxAttempts": 2, "backoffMs": 200})))
        await finished(ali, run_id)

        async def told() -> list[Exposition]:
            return [parse((await read(port))[1].decode()) for port in (ports, ports + 1)]

        async def counted() -> bool:
            found = await told()
            return sum(one.get("flowdesk_runs_finished_total", outcome="succeeded") or 0 for one in found) == 1

        await until_async(counted)
        assert (
            sum(one.get("flowdesk_steps_total", family="http", outcome="succeeded") or 0 for one in await told()) == 1
        )

        async def seen() -> bool:
            answer = await server.call("GET", "/metrics", token=TOKEN)
            return parse(answer.body.decode()).get("flowdesk_processes", role="worker") == 2

        await until_async(seen)
