"""What one more pure step costs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import workflows
from bench.api import Api
from bench.client import drive
from bench.plan import Plan
from bench.processes import flowdesk
from bench.report import Cell, Report

COLUMNS = ("steps", "runs/s c=1", "p50 ms c=1", "CPU ms/run", "CPU us per further step")


def measure(report: Report, plan: Plan) -> None:
    """The same workflow with more and more steps, answered synchronously."""
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as directory, flowdesk(Path(directory)) as server:
        api = Api(server.url, server.hello["token"])
        first: tuple[int, float] | None = None
        for length in plan.lengths:
            hook = api.hook(api.create(workflows.chain(length)))
            drive(hook, 1, plan.warmup or 0.1, warmup=0)
            before = server.cpu_seconds()
            load = drive(hook, 1, plan.seconds, warmup=0)
            cpu_ms = (server.cpu_seconds() - before) * 1000 / max(1, load.requests)
            further = (cpu_ms - first[1]) * 1000 / (length - first[0]) if first else None
            first = first or (length, cpu_ms)
            rows.append([length, load.rate, load.p50, cpu_ms, further])
        api.close()
    report.section("Cost of a pure step (data.set with one template, journal complete)", COLUMNS, rows)
