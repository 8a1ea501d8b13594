from __future__ import annotations

from flowdesk.replies import WorkerDoc
from flowdesk.show.paint import Paint
from flowdesk.show.table import table
from flowdesk.show.workers import worker_table


def test_a_process_is_one_line() -> None:
    """Row 52: also one that says strange things of itself, or little."""
    told: WorkerDoc = {
        "id": "12-ab",
        "role": "worker",
        "host": "far\x1b[31m",
        "pid": 12,
        "version": "1.2",
        "since": "2026-11-23T09:12:00.123Z",
        "lastBeatAt": "2026-11-23T09:13:00.123Z",
        "executes": "all",
        "concurrency": 100,
        "runs": {"count": 7, "ids": []},
        "differences": [],
        "answering": False,
    }
    silent: WorkerDoc = {
        **told,
        "role": None,
        "host": None,
        "pid": None,
        "version": None,
        "since": None,
        "lastBeatAt": None,
        "executes": None,
        "concurrency": None,
        "answering": True,
    }
    title, first, second = table(*worker_table([told, silent], Paint()), Paint())
    assert title.split() == ["ROLE", "HOST", "PID", "VERSION", "EXECUTES", "RUNS", "SINCE", "LAST", "SIGN"]
    assert first.startswith("worker  far␛[31m   12  1.2      all       7 of 100")
    assert second.split() == ["?", "*", "7", "of", "?"]
