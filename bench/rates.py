"""Runs per second and latencies of W1 and W2, beside what this machine could do at most."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import workflows
from bench.api import Api
from bench.client import Load, client_name, drive
from bench.plan import Plan
from bench.processes import Process, ceiling, flowdesk
from bench.report import Cell, Report

COLUMNS = ("what", "c", "per second", "p50 ms", "p99 ms", "CPU ms", "of echo", "of durable", "failed")
_NOTE = (
    "echo: bare aiohttp + uvloop + orjson, keeps nothing. durable: the same with one group-committed insert, "
    "synchronous=FULL."
)


class Rates:
    """Collects rows and sets each beside the ceilings at the same number of connections."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows: list[list[Cell]] = []
        self._ceilings: dict[tuple[str, int], float] = {}

    def ceilings(self) -> None:
        """Measure both ceilings."""
        for mode, label in (("echo", "ceiling: echo"), ("durable", "ceiling: durable")):
            with tempfile.TemporaryDirectory() as directory, ceiling(mode, Path(directory)) as server:
                for connections in self.plan.connections:
                    load, cpu = self._drive(server, f"{server.url}/", connections)
                    self._ceilings[mode, connections] = load.rate
                    self._add(label, load, load.rate, cpu)

    def synchronous(self, label: str, server: Process, hook: str) -> None:
        """Each answer carries the result of a finished, durable run."""
        for connections in self.plan.connections:
            load, cpu = self._drive(server, hook, connections)
            self._add(label, load, load.rate, cpu)

    def completed(self, label: str, server: Process, api: Api, workflow_id: str) -> None:
        """Answered with 202 once durable; the rate counts the time until all accepted runs have finished."""
        for connections in self.plan.connections:
            before = server.cpu_seconds()
            load = drive(api.hook(workflow_id), connections, self.plan.seconds, warmup=0)
            drained = api.wait_finished(workflow_id, self.plan.patience_s)
            cpu = server.cpu_seconds() - before
            self._add(label, load, load.requests / (load.seconds + drained), cpu / max(1, load.requests))

    def _drive(self, server: Process, url: str, connections: int) -> tuple[Load, float]:
        drive(url, connections, self.plan.warmup or 0.1, warmup=0)
        before = server.cpu_seconds()
        load = drive(url, connections, self.plan.seconds, warmup=0)
        return load, (server.cpu_seconds() - before) / max(1, load.requests)

    def _add(self, label: str, load: Load, rate: float, cpu_s: float) -> None:
        ratios = [
            rate / top if (top := self._ceilings.get((mode, load.connections))) else None
            for mode in ("echo", "durable")
        ]
        failed = sum(load.bad.values())
        self.rows.append([label, load.connections, rate, load.p50, load.p99, cpu_s * 1000, *ratios, failed])


def measure(report: Report, plan: Plan) -> None:
    """Ceilings, W1 both ways, W2."""
    rates = Rates(plan)
    rates.ceilings()
    with tempfile.TemporaryDirectory() as directory, flowdesk(Path(directory)) as server:
        api = Api(server.url, server.hello["token"])
        rates.synchronous("W1 synchronous", server, api.hook(api.create(workflows.w1(synchronous=True))))
        rates.completed("W1 accepted + completed", server, api, api.create(workflows.w1(synchronous=False)))
        with ceiling("echo", Path(directory)) as echo:
            rates.synchronous("W2 synchronous", server, api.hook(api.create(workflows.w2(echo.url))))
        api.close()
    report.section(f"Workloads ({client_name()}, {plan.seconds:g} s each)", COLUMNS, rates.rows, _NOTE)
