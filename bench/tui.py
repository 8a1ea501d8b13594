"""The terminal UI: how soon it is there, what following a log costs, and how long it ever stands still."""

from __future__ import annotations

import json
import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench.plan import Plan
from bench.report import Cell, Report

_START_S: Final = 60.0
_CHILD_S: Final = 600.0
_STALL_MS: Final = 100
"""Longer than this and a person notices that a key does nothing."""
_QUIT: Final = b"\x11"


def measure(report: Report, plan: Plan) -> None:
    """Every figure beside its budget."""
    starts = [_start() for _ in range(plan.repeats)]
    log = _child("bench.tui_log")
    opened = _child("bench.tui_open", str(plan.rows))
    first, area = (statistics.median(figures) * 1000 for figures in zip(*starts, strict=True))
    rows: list[list[Cell]] = [
        [
            "first frame, from the start of the process",
            first,
            350,
            "ms",
        ],
        [
            "first screen with its engine started, from there",
            area,
            2_000,
            "ms",
        ],
        ["1,000 log lines a second followed", log["followed_cpu"] * 100, 25, "% of a processor"],
        ["100,000 log lines taken in", log["taken_in_cpu_s"], 1.5, "CPU s"],
        ["longest standstill meanwhile", log["worst_stall_ms"], _STALL_MS, "ms"],
    ]
    names = {
        "runs, first page": "list of runs",
        "runs, all": f"list of {plan.rows // 10:,} runs, every page read",
        "log": f"run with {plan.rows:,} log lines opened",
        "value": f"value of {plan.rows / 10_000:.0f} MB looked into",
    }
    for name, words in names.items():
        rows.append([words, opened[name]["seconds"] * 1000, None, "ms"])
        rows.append(["longest standstill meanwhile", opened[name]["stall_ms"], _STALL_MS, "ms"])
    report.section(
        "Terminal UI",
        ("what", "measured", "budget", "unit"),
        rows,
        "Budgets are those of a quiet machine. A standstill is work, in processor time, in which no key is answered.",
    )


def _start() -> tuple[float, float]:
    """Seconds until the first frame of `flowdesk`, and until it shows an area, in a home without any data."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWDESK_")}
        environ = kept | {
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PORT": "0",
            "FLOWDESK_DATA_DIR": str(home / "data"),
            "FLOWDESK_CONFIG_DIR": str(home / "config"),
            "FLOWDESK_STATE_DIR": str(home / "state"),
            "LINES": "36",
            "COLUMNS": "120",
        }
        ours, theirs = pty.openpty()
        begun = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "flowdesk"], stdin=theirs, stdout=theirs, stderr=theirs, env=environ
        )
        os.close(theirs)
        try:
            first = _until(ours, b"Starting engine", begun)
            area = _until(ours, b"Welcome", begun)
            os.write(ours, _QUIT)
            _drain(ours, child)
        finally:
            child.kill()
            child.wait(_START_S)
            os.close(ours)
    return first, area


def _until(terminal: int, wanted: bytes, begun: float) -> float:
    seen = b""
    while wanted not in seen:
        seen += _read(terminal, begun + _START_S - time.perf_counter())
    return time.perf_counter() - begun


def _drain(terminal: int, child: subprocess.Popen[bytes]) -> None:
    """Read what it still draws, so that it can end."""
    until = time.perf_counter() + _START_S
    while child.poll() is None and time.perf_counter() < until:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                os.read(terminal, 65_536)
            except OSError:  # the other end was closed
                break
    child.wait(_START_S)


def _read(terminal: int, within_s: float) -> bytes:
    if not select.select([terminal], [], [], max(within_s, 0))[0]:
        raise RuntimeError(f"the terminal UI was not there within {_START_S:.0f} s")
    return os.read(terminal, 65_536)


def _child(module: str, *arguments: str) -> Any:
    """What a measurement in a process of its own prints."""
    ran = subprocess.run([sys.executable, "-m", module, *arguments], check=True, capture_output=True, timeout=_CHILD_S)
    return json.loads(ran.stdout)
