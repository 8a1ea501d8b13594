"""Lists and details when there are many runs, and what the server holds in memory after them."""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from bench import workflows
from bench.api import Api
from bench.client import send
from bench.plan import Plan
from bench.processes import flowdesk
from bench.report import Cell, Report

_EVENT_STEPS = 333


def measure(report: Report, plan: Plan) -> None:
    """Make the runs over HTTP, then time queries on them."""
    with tempfile.TemporaryDirectory() as directory, flowdesk(Path(directory)) as server:
        api = Api(server.url, server.hello["token"])
        idle = server.rss_mib()
        many, few, long = (
            api.create(document)
            for document in (
                workflows.w1(synchronous=False),
                workflows.failing(),
                workflows.logging_chain(_EVENT_STEPS),
            )
        )
        few_count, within = max(1, plan.volume // 100), plan.patience_s
        begun = time.perf_counter()
        send(api.hook(few), 4, few_count, within_s=within)
        send(api.hook(many), 64, plan.volume - few_count, within_s=within)
        for workflow_id in (few, many):
            api.wait_finished(workflow_id, within)
        made = time.perf_counter() - begun
        loaded = server.rss_mib()
        send(api.hook(long), 1, 1, within_s=60)
        api.wait_finished(long, 60)
        (opened,) = api.call("GET", f"/api/runs?workflowId={long}&limit=1")
        queries = {
            "50 newest runs": "/api/runs?limit=50",
            "50 failed runs": "/api/runs?status=FAILED&limit=50",
            "50 runs of one workflow": f"/api/runs?workflowId={many}&limit=50",
            "50 succeeded of one workflow": f"/api/runs?workflowId={many}&status=SUCCESS&limit=50",
            "open a run of 1,000 events": f"/api/runs/{opened['id']}",
            "its journal": f"/api/runs/{opened['id']}/journal?limit=1000",
        }
        rows = [_timed(label, partial(api.call, "GET", path), plan.repeats) for label, path in queries.items()]
        report.section(f"Queries among {plan.volume:,} runs", ("what", "median ms", "worst ms"), rows)
        size = sum(file.stat().st_size for file in Path(directory).rglob("*") if file.is_file()) / 2**20
        facts: list[list[Cell]] = [
            ["runs made per second (accepted + completed)", plan.volume / made],
            ["memory idle, MiB", idle],
            [f"memory after {plan.volume:,} runs, MiB", loaded],
            ["data directory, bytes per run", size * 2**20 / plan.volume],
        ]
        report.section("Volume", ("what", "value"), facts)
        api.close()


def _timed(label: str, call: Callable[[], object], repeats: int) -> list[Cell]:
    call()
    times = []
    for _ in range(max(3, repeats * 4)):
        begun = time.perf_counter()
        call()
        times.append((time.perf_counter() - begun) * 1000)
    times.sort()
    return [label, times[len(times) // 2], times[-1]]


def reachable(url: str) -> bool:
    """Whether a GET of this address is answered with 200 right now."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
