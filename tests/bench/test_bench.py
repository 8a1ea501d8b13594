"""The harness works; what it measures is another matter."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bench.__main__ import SECTIONS
from bench.client import drive, send, wrk_script
from bench.load import Tally, request_bytes, summary
from bench.processes import ceiling
from bench.report import shown, table
from bench.turns import take_turns
from tests.house.tree import ROOT, clean_environment


@pytest.mark.parametrize("mode", ["echo", "durable"])
def test_a_ceiling_answers_and_is_looked_at_from_outside(mode: str, tmp_path: Path) -> None:
    with ceiling(mode, tmp_path) as server:
        load = send(f"{server.url}/", 2, 10, within_s=30)
        assert (load.requests, load.bad) == (10, {})
        assert load.p50 <= load.p99 <= load.worst
        assert server.rss_mib() > 1


def test_the_durable_ceiling_keeps_what_it_answered(tmp_path: Path) -> None:
    with ceiling("durable", tmp_path) as server:
        send(f"{server.url}/", 4, 20, within_s=30)
        server.kill()
    with closing(sqlite3.connect(tmp_path / "ceiling.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (20,)


async def test_what_is_not_a_2xx_is_counted_apart() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({}, status=503)

    app = web.Application()
    app.router.add_post("/", refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    with pytest.raises(RuntimeError, match="'503': 5"):
        await asyncio.to_thread(send, url, 1, 5, within_s=20)
    load = await asyncio.to_thread(drive, url, 1, 0.1, warmup=0)
    assert load.requests == 0
    assert sum(load.bad.values()) > 0
    await runner.cleanup()


def test_percentiles() -> None:
    tally = Tally(0)
    tally.latencies = [n * 1_000_000 for n in range(100, 0, -1)]
    found = summary(tally, 2.0)
    assert (found["rate"], found["p50"], found["p99"], found["worst"]) == (50.0, 51.0, 100.0, 100.0)
    assert summary(Tally(0), 1.0)["p99"] == 0.0


def test_wrk_is_told_what_to_send() -> None:
    script = wrk_script('{"name":"Ali"}')
    assert 'wrk.body = [==[{"name":"Ali"}]==]' in script
    assert '{"requests":%d' in script


def test_tables_are_aligned() -> None:
    lines = table(("what", "value"), [["a", 1234.5], ["longer", None], ["b", 0.123]])
    assert lines == ["what     value", "------   -----", "a        1,234", "longer       -", "b         0.12"]
    assert shown(12.34) == "12.3"


def measured(section: str, directory: Path) -> list[Any]:
    """What a section says with counts so small that it takes seconds; the figures mean nothing."""
    target = directory / "figures.json"
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "bench", "--tiny", "--only", section, "--json", target],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=ROOT,
        env=clean_environment(TMPDIR=str(directory)),
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: list[Any] = json.loads(target.read_text())["sections"]
    assert found
    assert all(table["rows"] for table in found)
    return found


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "section", ["starts", "steps", "loops", "commits", "volume", "recovery", "schedules", "secrets", "tui"]
)
def test_every_section_measures(tmp_path: Path, section: str) -> None:
    measured(section, tmp_path)


@pytest.mark.timeout(240)
def test_webhooks_are_measured(tmp_path: Path) -> None:
    checks, calls, in_turns = measured("webhooks", tmp_path)
    assert len(checks["rows"]) == 9
    assert [row[0] for row in calls["rows"]] == ["nothing", "a signature", "all"]
    assert all(row[1] > 0 and row[-1] == 0 for row in calls["rows"])
    assert [row[0] for row in in_turns["rows"]] == ["nothing", "a signature", "all"]
    assert all(row[1] > row[2] > 0 and row[-1] > 0 for row in in_turns["rows"])


def test_an_answer_that_is_refused_ends_the_turns(tmp_path: Path) -> None:
    with ceiling("echo", tmp_path) as server:
        good = request_bytes(f"{server.url}/", "POST", b"{}", [])
        found = take_turns(server.url, {"a": good, "b": good}, 20, warmup=1)
        assert list(found) == ["a", "b"]
        with pytest.raises(RuntimeError, match="'b' was answered"):
            take_turns(server.url, {"b": b"NONSENSE\r\n\r\n"}, 1)


@pytest.mark.timeout(240)
def test_limits_are_measured() -> None:
    with tempfile.TemporaryDirectory() as directory:  # a short path: the Redis in it has a Unix socket
        counted, tenants = measured("limits", Path(directory))
    assert len(counted["rows"]) == 5
    assert [row[0] for row in tenants["rows"]] == ["alone", "beside a flood"]


@pytest.mark.timeout(240)
def test_workloads_stand_beside_their_ceilings(tmp_path: Path) -> None:
    (workloads,) = measured("rates", tmp_path)
    assert {row[0] for row in workloads["rows"]} >= {"ceiling: echo", "ceiling: durable", "W1 synchronous"}
    assert all(row[2] > 0 and row[-1] == 0 for row in workloads["rows"])


@pytest.mark.long
@pytest.mark.timeout(400)
def test_many_processes_are_measured(tmp_path: Path) -> None:
    assert len(measured("scale", tmp_path)) >= 3


def test_no_section_is_left_out() -> None:
    mine = {
        "starts",
        "rates",
        "steps",
        "loops",
        "commits",
        "metrics",
        "volume",
        "recovery",
        "scale",
        "schedules",
        "secrets",
        "limits",
        "webhooks",
        "tui",
    }
    assert set(SECTIONS) == mine
