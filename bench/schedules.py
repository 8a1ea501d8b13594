"""What schedules cost that do not come up: the processor time of a server that only waits."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench.api import Api
from bench.plan import Plan
from bench.processes import Process, flowdesk
from bench.report import Cell, Report

_MOST: Final = 1_000
_LONGER: Final = 4
"""A share of a per cent is few ticks of the clock that counts processor time, so this is looked at for longer."""


def measure(report: Report, plan: Plan) -> None:
    """Per cent of one processor, without schedules and with many."""
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as directory, flowdesk(Path(directory), START_SCHEDULER="true") as server:
        api = Api(server.url, server.hello["token"])
        rows.append([0, *_waiting(server, plan)])
        count = min(_MOST, plan.parked)
        for number in range(count):
            api.create(_yearly(number))
        rows.append([count, *_waiting(server, plan)])
        api.close()
    report.section("Schedules that do not come up", ("schedules", "CPU %", "memory, MiB"), rows)


def _waiting(server: Process, plan: Plan) -> list[Cell]:
    time.sleep(plan.warmup)
    cpu, begun = server.cpu_seconds(), time.perf_counter()
    time.sleep(plan.seconds * _LONGER)
    worked, took = server.cpu_seconds() - cpu, time.perf_counter() - begun
    return [100 * worked / took, server.rss_mib()]


def _yearly(number: int) -> dict[str, Any]:
    """A workflow whose day is far off, whenever this runs."""
    away = time.gmtime(time.time() + 180 * 86_400)
    cron = f"{number % 60} {number // 60 % 24} {min(away.tm_mday, 28)} {away.tm_mon} *"
    step = {"id": "a", "ref": "data.set", "params": {"values": {"x": 1}}}
    return {"name": f"once a year {number}", "scheduleCron": cron, "timezone": "UTC", "steps": [step]}
