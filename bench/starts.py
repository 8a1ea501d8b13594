"""How long it takes to be there: the server's first 200, the commands' imports."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.plan import Plan
from bench.processes import flowdesk
from bench.report import Cell, Report
from bench.volume import reachable

_IMPORTS = ("engine.sdk", "engine.engine", "flowdesk.sdk", "flowdesk.__main__", "server.__main__")


def measure(report: Report, plan: Plan) -> None:
    """Medians of several starts."""
    with tempfile.TemporaryDirectory() as directory:
        first = _cold_start(Path(directory))
        again = statistics.median(_cold_start(Path(directory)) for _ in range(plan.repeats))
    bare = _import("sys", plan.repeats)
    rows: list[list[Cell]] = [
        ["server, first start ever, to first 200", first],
        ["server, to first 200", again],
        ["bare Python", bare],
    ]
    rows.extend([f"import {module}, beyond bare Python", _import(module, plan.repeats) - bare] for module in _IMPORTS)
    rows.append(["flowdesk --help", _command("--help", plan.repeats)])
    report.section("Starting", ("what", "seconds"), rows)


def _cold_start(directory: Path) -> float:
    with flowdesk(directory) as server:
        while not reachable(f"{server.url}/healthz"):
            time.sleep(0.001)
        return time.perf_counter() - server.begun


def _import(module: str, repeats: int) -> float:
    return statistics.median(_seconds("-c", f"import {module}") for _ in range(repeats))


def _command(argument: str, repeats: int) -> float:
    return statistics.median(_seconds("-m", "flowdesk", argument) for _ in range(repeats))


def _seconds(*arguments: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-P", *arguments], check=True, capture_output=True, timeout=60)
    return time.perf_counter() - begun
