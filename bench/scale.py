"""From one process to many: MongoDB, Redis and workers beside the embedded set-up."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from bench import workflows
from bench.api import Api
from bench.client import Load, drive, send
from bench.cluster import Services, cluster, services
from bench.plan import Plan
from bench.processes import ceiling, flowdesk
from bench.report import Cell, Report

RATES: Final = ("set-up", "workers", "c", "runs/s", "p50 ms", "p99 ms", "failed")
STARTS: Final = ("what", "runs", "p50 ms", "p99 ms", "worst ms")
OUTAGE: Final = ("Redis", "runs/s", "p50 ms", "p99 ms", "start p50 ms", "start p99 ms", "failed")
_NOTE: Final = (
    "Each run calls a local echo server once. The rate counts until the last accepted run has finished; p50 and p99 "
    "are those of the answer to the webhook. Everything shares the cores of this machine, the databases too."
)


def measure(report: Report, plan: Plan) -> None:
    """Rates by number of workers, how soon a run starts, what a Redis outage costs."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        echo = stack.enter_context(ceiling("echo", directory))
        scale = Scale(plan, directory, echo.url)
        scale.embedded()
        try:
            used = stack.enter_context(services())
        except (pytest.skip.Exception, pytest.fail.Exception) as missing:
            print(f"\nScale: not measured, {missing}")
            return
        scale.retries_elsewhere(used)
        for workers in plan.workers:
            scale.all_elsewhere(used, workers)
        scale.outage(used)
    report.section("Scale: runs with one HTTP call, accepted + completed", RATES, scale.rates, _NOTE)
    report.section("Scale: from accepted, or due, to started", STARTS, scale.starts)
    report.section("Scale: workers take all while Redis is killed", OUTAGE, scale.outages)


class Scale:
    """Collects the rows of all set-ups."""

    def __init__(self, plan: Plan, directory: Path, echo: str) -> None:
        self.rates: list[list[Cell]] = []
        self.starts: list[list[Cell]] = []
        self.outages: list[list[Cell]] = []
        self._plan = plan
        self._directory = directory
        self._echo = echo
        self._usual = plan.workers[len(plan.workers) // 2]

    def embedded(self) -> None:
        """One process over SQLite."""
        with flowdesk(self._directory / "embedded") as server:
            api = Api(server.url, server.hello["token"])
            self._rate(api, "embedded", 0)
            self._starts(api, "embedded: accepted to started")
            self._retries(api, "embedded: due to retried")
            api.close()

    def retries_elsewhere(self, used: Services) -> None:
        """The server executes what it accepts, over MongoDB and Redis; workers take the retries."""
        with cluster(self._directory / "retries", used, workers=self._usual, execute="retries") as api:
            self._rate(api, "workers take retries", self._usual)
            self._starts(api, f"{self._usual} workers for retries: accepted to started")
            self._retries(api, f"{self._usual} workers for retries: due to retried")

    def all_elsewhere(self, used: Services, workers: int) -> None:
        """The server only accepts; workers execute."""
        with cluster(self._directory / f"all{workers}", used, workers=workers, execute="all") as api:
            self._rate(api, "workers take all", workers)
            if workers == self._usual:
                self._starts(api, f"{workers} workers for all: accepted to started")

    def outage(self, used: Services) -> None:
        """The same load with Redis, without, and with it again."""
        with cluster(self._directory / "outage", used, workers=self._usual, execute="all") as api:
            for state in ("up", "killed", "up again"):
                if state == "killed":
                    used.valkey.kill()
                if state == "up again":
                    used.valkey.start()
                self.outages.append(self._outage_row(api, state))

    def _outage_row(self, api: Api, state: str) -> list[Cell]:
        workflow_id = api.create(workflows.w2(self._echo, synchronous=False))
        rate, load = self._completed(api, workflow_id, 4)
        delays = started_after(api, workflow_id)
        return [state, rate, load.p50, load.p99, *percentiles(delays)[:2], sum(load.bad.values())]

    def _rate(self, api: Api, label: str, workers: int) -> None:
        workflow_id = api.create(workflows.w2(self._echo, synchronous=False))
        send(api.hook(workflow_id), 2, 10, within_s=60)
        api.wait_finished(workflow_id, self._plan.patience_s)
        connections = min(16, self._plan.connections[-1])
        rate, load = self._completed(api, workflow_id, connections)
        failed = sum(load.bad.values())
        self.rates.append([label, workers or None, connections, rate, load.p50, load.p99, failed])

    def _completed(self, api: Api, workflow_id: str, connections: int) -> tuple[float, Load]:
        load = drive(api.hook(workflow_id), connections, self._plan.seconds, warmup=0)
        drained = api.wait_finished(workflow_id, self._plan.patience_s)
        api.expect_only(workflow_id, "SUCCESS")
        return load.requests / (load.seconds + drained), load

    def _starts(self, api: Api, label: str) -> None:
        """One run at a time, so that none waits for another."""
        workflow_id = api.create(workflows.w2(self._echo, synchronous=False))
        send(api.hook(workflow_id), 1, self._plan.repeats * 20, within_s=60)
        api.wait_finished(workflow_id, self._plan.patience_s)
        delays = started_after(api, workflow_id)
        self.starts.append([label, len(delays), *percentiles(delays)])

    def _retries(self, api: Api, label: str) -> None:
        """Runs that fail once; their second attempt is due a moment later."""
        workflow_id = api.create(workflows.retrying())
        send(api.hook(workflow_id), 1, self._plan.repeats * 4, within_s=60)
        api.wait_finished(workflow_id, self._plan.patience_s)
        delays = retried_after(api, workflow_id)
        self.starts.append([label, len(delays), *percentiles(delays)])


def started_after(api: Api, workflow_id: str) -> list[float]:
    """Milliseconds from acceptance to start of the newest runs."""
    rows = api.call("GET", f"/api/runs?workflowId={workflow_id}&limit=200")
    return [_ms(row["startedAt"]) - _ms(row["createdAt"]) for row in rows]


def retried_after(api: Api, workflow_id: str) -> list[float]:
    """Milliseconds from the time a retry was due to its start, of the newest runs."""
    delays = []
    for row in api.call("GET", f"/api/runs?workflowId={workflow_id}&limit=200"):
        events = api.call("GET", f"/api/runs/{row['id']}/journal?limit=1000")
        due = next(event["data"]["runAt"] for event in events if event["type"] == "retry.scheduled")
        started = [event["at"] for event in events if event["type"] == "step.started"]
        delays.append(_ms(started[-1]) - _ms(due))
    return delays


def percentiles(values: list[float]) -> list[Cell]:
    """The middle one, the one of a hundred, the worst."""
    ordered = sorted(values)
    return [ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], ordered[-1]]


def _ms(when: Any) -> float:
    return float(when) if isinstance(when, int | float) else datetime.fromisoformat(when).timestamp() * 1000
