"""This process as its operating system sees it, under the names that every Prometheus client uses."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from server.metrics.exposition import Family, gauge, total

_BORN: Final = time.time()
"""About when the process began: this is imported while it starts."""


def families() -> Iterator[Family]:
    """Processor time, memory and files; what this platform does not tell is left out."""
    yield total("process_cpu_seconds_total", "Processor time used.", time.process_time())
    yield gauge("process_start_time_seconds", "When the process began, in seconds since 1970.", round(_BORN, 3))
    yield gauge("process_resident_memory_bytes", "Memory in use.", _resident())
    yield gauge("process_open_fds", "Open files and connections.", _open_files())
    yield gauge("process_max_fds", "How many may be open.", _most_files())


def _resident() -> float | None:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def _open_files() -> float | None:
    try:
        return float(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - one call, no objects
    except OSError:
        return None


def _most_files() -> float | None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    return float(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
