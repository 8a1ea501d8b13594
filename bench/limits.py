"""What limits cost each request, and what a flood of one tenant costs another."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from bench import workflows
from bench.api import Api
from bench.client import drive
from bench.plan import Plan
from bench.processes import flowdesk
from bench.report import Cell, Report
from engine.egress import Egress
from engine.stores.sqlite.store import SqliteStore
from server.policies import Policies
from server.quotas import Quotas
from server.rate import Rate
from server.rates.buckets import Bucket, Buckets, LocalBuckets
from server.rates.shared import SharedBuckets
from server.settings import Settings
from tests.servers import valkey

PAIR: Final = [Bucket("user", "bench", Rate(10**9, 60)), Bucket("workspace", "bench", Rate(10**9, 60))]
FLOODERS: Final = 64


def measure(report: Report, plan: Plan) -> None:
    """Counting in this process and over Redis; then one tenant far beyond its limit beside another."""
    count = max(50, plan.repeats * 400)
    rows = asyncio.run(_counting(count))
    report.section("Limits", ("what", "us each"), rows, "two buckets each: the user's and the workspace's")
    with tempfile.TemporaryDirectory() as directory:
        report.section(
            "Two tenants",
            ("the other one sends", "its answers per second", "p50 ms", "p99 ms"),
            flood(Path(directory), max(0.5, plan.seconds)),
            f"{FLOODERS} connections send without a pause to a webhook that may take 50 a second",
        )


async def _counting(count: int) -> list[list[Cell]]:
    local = LocalBuckets()
    rows: list[list[Cell]] = [["rate limits in one process", await _us(lambda: local.spend(PAIR), count)]]
    try:
        shared = SharedBuckets(valkey.SERVERS.start().url, "bench")
        try:
            rows.append(["rate limits over Redis, one after another", await _us(lambda: shared.spend(PAIR), count)])
            rows.append(["rate limits over Redis, 64 at once", await _together(shared, count)])
        finally:
            await shared.close()
    finally:
        valkey.SERVERS.discard()
    with tempfile.TemporaryDirectory() as directory:
        store = SqliteStore(Path(directory) / "flowdesk.db")
        await store.open()
        try:
            policies = Policies(store.policies)
            quotas = Quotas(Settings(quota_queued=10**6), policies, store.figures, store.runs)
            rows.append(["quota of what waits", await _us(lambda: quotas.one_more_run("bench"), count)])
        finally:
            await store.close()
    egress = Egress([f"h{number}.example" for number in range(50)], ["203.0.113.0/24"])
    began = perf_counter()
    for _ in range(count):
        egress.refuses("h49.example", 443)
    rows.append(["egress lists of 50 names", (perf_counter() - began) / count * 1e6])
    return rows


async def _us(work: Callable[[], Awaitable[Any]], count: int) -> float:
    await work()
    began = perf_counter()
    for _ in range(count):
        await work()
    return (perf_counter() - began) / count * 1e6


async def _together(buckets: Buckets, count: int) -> float:
    began = perf_counter()
    for _ in range(0, count, 64):
        await asyncio.gather(*(buckets.spend(PAIR) for _ in range(64)))
    return (perf_counter() - began) / count * 1e6


def flood(directory: Path, seconds: float) -> list[list[Cell]]:
    """The rate and latencies of one tenant: alone, and beside one that floods its own webhook."""
    with flowdesk(directory) as server:
        api = Api(server.url, server.hello["token"])
        try:
            quiet = api.hook(api.create(workflows.w1(synchronous=True)))
            noisy = workflows.w1(synchronous=True)
            noisy["steps"][0]["params"]["rateLimit"] = {"limit": 50, "windowMs": 1000}
            loud = api.hook(api.create(noisy))
        finally:
            api.close()
        drive(quiet, 1, 0.2, warmup=0)
        alone = drive(quiet, 1, seconds, warmup=0)
        flooding = threading.Thread(target=drive, args=(loud, FLOODERS, seconds + 2.0), kwargs={"warmup": 0})
        flooding.start()
        beside = drive(quiet, 1, seconds, warmup=1.5)
        flooding.join()
    return [
        ["alone", alone.rate, alone.p50, alone.p99],
        ["beside a flood", beside.rate, beside.p50, beside.p99],
    ]
