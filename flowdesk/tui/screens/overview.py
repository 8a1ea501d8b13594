"""What the dashboard shows, read from the server at one go: what needs somebody, what runs, how it went, what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from flowdesk.client import Client
from flowdesk.figure_replies import StatsDoc
from flowdesk.replies import EventDoc, RunDoc, RunSummary

_MOST: Final = 50
_MOST_FAILED: Final = 100
_MOST_LEARNT: Final = 20
"""Running runs whose progress is read at once."""
_NEEDS: Final = frozenset({"approval", "decision", "retry"})
_DONE: Final = frozenset({"step.succeeded", "step.skipped"})
_STEPS_DONE: Final = frozenset({"SUCCESS", "SKIPPED"})


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    of: int
    done: set[str] = field(default_factory=set)
    now: str = ""

    def take(self, event: EventDoc) -> None:
        """Move on by what happened."""
        step = event["stepId"]
        if step is not None and event["type"] in _DONE:
            self.done.add(step)
        elif step is not None and event["type"] == "step.started":
            self.now = step


@dataclass(slots=True, frozen=True)
class Overview:
    """One look at the server. A run that asks something while others of its steps work is in `needs` and in `running`.

    Of failures at the same step of the same workflow the newest is in `needs`; `alike` tells by its id how many there
    are. `more` is whether there are failures beyond those that were read. `workers` is None for those who may not know.
    """

    needs: list[RunSummary]
    alike: dict[str, int]
    more: bool
    running: list[RunSummary]
    stats: StatsDoc
    workers: int | None
    schedules: list[dict[str, Any]]


async def look(client: Client, now: datetime) -> Overview:
    """Ask everything at once."""
    since = (now - timedelta(hours=24)).isoformat()
    failed, asking, running, stats, workers, schedules = await asyncio.gather(
        client.runs.list(status="FAILED", since=since, limit=_MOST_FAILED),
        _asking(client),
        client.runs.list(status=("RUNNING", "WAITING"), limit=4 * _MOST),
        client.runs.stats(hours=24),
        _workers(client),
        client.schedules(),
    )
    under_way = [run for run in running.items if run["status"] == "RUNNING" or run["waitingFor"] not in _NEEDS]
    planned = [schedule for schedule in schedules if schedule["nextAt"]]
    newest, alike = gathered(failed.items)
    more = failed.next_cursor is not None
    return Overview([*newest, *asking], alike, more, under_way[:_MOST], stats, workers, planned)


def gathered(failed: Iterable[RunSummary]) -> tuple[list[RunSummary], dict[str, int]]:
    """The newest failure at each step of each workflow, and by its id how many failed there; newest first, as given."""
    newest: dict[tuple[str, str | None], RunSummary] = {}
    alike: dict[str, int] = {}
    for run in failed:
        error = run["error"]
        first = newest.setdefault((run["workflowId"], error.get("stepId") if error else None), run)
        alike[first["id"]] = alike.get(first["id"], 0) + 1
    return list(newest.values()), alike


async def _asking(client: Client) -> list[RunSummary]:
    """What somebody is asked, then what is tried again."""
    parts = await asyncio.gather(
        client.runs.list(waiting_for=("approval", "decision"), limit=_MOST),
        client.runs.list(waiting_for=("retry",), limit=_MOST),
    )
    return [run for part in parts for run in part.items]


async def _workers(client: Client) -> int | None:
    from flowdesk.errors import ApiError

    try:
        return sum(1 for worker in await client.workers() if worker["answering"])
    except ApiError:
        return None  # only administrators are told


async def learn(client: Client, known: dict[str, Progress], run_ids: Iterable[str]) -> None:
    """Read how far those runs are that nothing is known of yet, and forget the others."""
    from flowdesk.errors import Missing

    wanted = list(run_ids)
    for gone in known.keys() - set(wanted):
        del known[gone]
    for run_id in [run_id for run_id in wanted if run_id not in known][:_MOST_LEARNT]:
        try:
            known[run_id] = _progress(await client.runs.get(run_id))
        except Missing:
            continue


def _progress(run: RunDoc) -> Progress:
    now = next((step["id"] for step in run["steps"] if step["status"] in ("RUNNING", "WAITING")), "")
    done = {step["id"] for step in run["steps"] if step["status"] in _STEPS_DONE}
    return Progress(len(run["steps"]), done, now)
