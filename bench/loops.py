"""What one item of a loop costs, and the memory that many items take."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench import workflows
from bench.api import Api
from bench.plan import Plan
from bench.processes import Process, flowdesk
from bench.report import Cell, Report


def measure(report: Report, plan: Plan) -> None:
    """One run over ever more items, each the run of a body of one pure step."""
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as directory, flowdesk(Path(directory)) as server:
        api = Api(server.url, server.hello["token"])
        _loop(server, api, plan, plan.items[0])  # warms up
        rows += [_loop(server, api, plan, count) for count in plan.items]
        api.close()
    title = "Cost of an item of flow.foreach (a body of one data.set, results counted)"
    report.section(title, ("items", "seconds", "us per item", "CPU us per item", "memory added, MiB"), rows)


def _loop(server: Process, api: Api, plan: Plan, count: int) -> list[Cell]:
    workflow_id = api.create(workflows.loop())
    memory, cpu, begun = server.rss_mib(), server.cpu_seconds(), time.perf_counter()
    api.call("POST", f"/api/workflows/{workflow_id}/execute", {"data": {"items": list(range(count))}})
    api.wait_finished(workflow_id, plan.patience_s)
    took, worked = time.perf_counter() - begun, server.cpu_seconds() - cpu
    api.expect_only(workflow_id, "SUCCESS")
    return [count, took, took * 1e6 / count, worked * 1e6 / count, server.rss_mib() - memory]
