"""What one more pure step costs, in a row and as a parallel branch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import workflows
from bench.api import Api
from bench.client import drive
from bench.plan import Plan
from bench.processes import Process, flowdesk
from bench.report import Cell, Report

FIGURES = ("runs/s c=1", "p50 ms c=1", "CPU ms/run")


def measure(report: Report, plan: Plan) -> None:
    """The same workflow with more and more steps, then with more and more branches, answered synchronously."""
    with tempfile.TemporaryDirectory() as directory, flowdesk(Path(directory)) as server:
        api = Api(server.url, server.hello["token"])
        steps = _grown(server, api, plan, workflows.chain)
        branches = _grown(server, api, plan, workflows.fan)
        api.close()
    title = "Cost of a pure step (data.set with one template, journal complete)"
    report.section(title, ("steps", *FIGURES, "CPU us per further step"), steps)
    title = "Cost of a parallel branch (one such step between a fork and a join)"
    report.section(title, ("branches", *FIGURES, "CPU us per further branch"), branches)


def _grown(server: Process, api: Api, plan: Plan, made: Callable[[int], workflows.Document]) -> list[list[Cell]]:
    """The figures of one kind of workflow as it grows."""
    rows: list[list[Cell]] = []
    first: tuple[int, float] | None = None
    for size in plan.lengths:
        hook = api.hook(api.create(made(size)))
        drive(hook, 1, plan.warmup or 0.1, warmup=0)
        before = server.cpu_seconds()
        load = drive(hook, 1, plan.seconds, warmup=0)
        cpu_ms = (server.cpu_seconds() - before) * 1000 / max(1, load.requests)
        further = (cpu_ms - first[1]) * 1000 / (size - first[0]) if first else None
        first = first or (size, cpu_ms)
        rows.append([size, load.rate, load.p50, cpu_ms, further])
    return rows
