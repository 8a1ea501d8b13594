"""After kill -9: how soon everything goes on. And what runs cost that only wait."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench import workflows
from bench.api import Api
from bench.client import send
from bench.plan import Plan
from bench.processes import flowdesk
from bench.report import Cell, Report


def measure(report: Report, plan: Plan) -> None:
    """Both, in one table."""
    rows = [*_resume(plan), *_parked(plan)]
    report.section("Recovery and waiting", ("what", "value"), rows)


def _resume(plan: Plan) -> list[list[Cell]]:
    """One slot is held by a sleeping run, so that all others are on disk and unfinished when the process dies."""
    with tempfile.TemporaryDirectory() as directory:
        with flowdesk(Path(directory), FLOWDESK_MAX_CONCURRENT_RUNS="1") as first:
            api = Api(first.url, first.hello["token"])
            sleeping, waiting = api.create(workflows.sleeping()), api.create(workflows.w1(synchronous=False))
            send(api.hook(sleeping), 1, 1, within_s=30)
            send(api.hook(waiting), 16, plan.unfinished, within_s=plan.patience_s)
            first.kill()
            api.close()
        begun = time.perf_counter()
        with flowdesk(Path(directory), FLOWDESK_GRACE_S="1") as second:
            api = Api(second.url, second.hello["token"])
            up = time.perf_counter() - begun
            api.wait_finished(waiting, plan.patience_s)
            done = time.perf_counter() - begun
            api.expect_only(waiting, "SUCCESS")
            api.close()
    return [
        ["unfinished runs left by kill -9", plan.unfinished],
        ["seconds from start to serving", up],
        ["seconds from start until all of them had finished", done],
    ]


def _parked(plan: Plan) -> list[list[Cell]]:
    with tempfile.TemporaryDirectory() as directory, flowdesk(Path(directory)) as server:
        api = Api(server.url, server.hello["token"])
        parked, warm = api.create(workflows.parked()), api.create(workflows.w1(synchronous=False))
        asking = api.create(workflows.asking())
        # The same number of runs that end at once is the base line: it fills caches and pools alike.
        send(api.hook(warm), 16, plan.parked, within_s=plan.patience_s)
        api.wait_finished(warm, plan.patience_s)
        base = server.rss_mib()
        send(api.hook(parked), 16, plan.parked, within_s=plan.patience_s)
        api.wait_finished(parked, plan.patience_s, ("QUEUED", "RUNNING"))
        grown = server.rss_mib() - base
        api.expect_only(parked, "WAITING")
        base = server.rss_mib()
        send(api.hook(asking), 16, plan.parked, within_s=plan.patience_s)
        api.wait_finished(asking, plan.patience_s, ("QUEUED", "RUNNING"))
        asked = server.rss_mib() - base
        api.expect_only(asking, "WAITING")
        api.close()
    return [
        ["parked runs, each waiting for a retry", plan.parked],
        ["memory they add, MiB", grown],
        ["as many again, each waiting for an approval: memory they add, MiB", asked],
    ]
