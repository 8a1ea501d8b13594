"""What is counted while it happens: runs and steps as they become durable, requests as they are answered.

Labels are outcomes, kinds of triggers, families of steps, templates of routes, codes of refusals: words of this program
and of installed plugins. Nothing that a user has written, and no id, is ever one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from aiohttp import web

from engine.errors import Limited, Unavailable
from engine.models.event import Event, EventType
from engine.models.run import RunRow, RunStatus, TriggerKind
from engine.plan import Plan
from server.metrics.exposition import Counter, Family, Histogram, Series

QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Bounds for what answers while somebody waits, in seconds."""
SLOW: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 86_400)
"""Bounds for what may take days."""
UNKNOWN: Final = "unknown"

# Compared by identity: this happens for each event of each run, and to hash a member of an enumeration takes long.
_RUN_STARTED: Final = EventType.RUN_STARTED
_STEP_STARTED: Final = EventType.STEP_STARTED
_STEP_ENDS: Final = (
    (EventType.STEP_SUCCEEDED, "succeeded"),
    (EventType.STEP_SKIPPED, "skipped"),
    (EventType.STEP_FAILED, "failed"),
    (EventType.STEP_CANCELLED, "cancelled"),
)
_OUTCOMES: Final = {
    RunStatus.SUCCESS: "succeeded",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "cancelled",
}


class Work:
    """Implements engine.metering.Meter: counts runs and steps."""

    def __init__(self) -> None:
        self.started = Counter(
            "flowdesk_runs_started_total",
            "Runs that were accepted, by the kind of their trigger.",
            ("trigger",),
            [(kind.value,) for kind in TriggerKind],
        )
        self.finished = Counter(
            "flowdesk_runs_finished_total",
            "Runs that have ended here, by how; one that was opened again ends again.",
            ("outcome",),
            [(outcome,) for outcome in _OUTCOMES.values()],
        )
        self.duration = Histogram(
            "flowdesk_run_duration_seconds", "From accepting a run to its end, waits included.", SLOW, ("outcome",)
        )
        self.delay = Histogram("flowdesk_run_start_delay_seconds", "From accepting a run to executing it.", QUICK)
        self.steps = Counter(
            "flowdesk_steps_total",
            "Steps by family and by what they came to; `retried` is a failure that is not the last word.",
            ("family", "outcome"),
        )
        self.step_duration = Histogram(
            "flowdesk_step_duration_seconds", "How long an attempt at a step took.", QUICK, ("family",)
        )
        self._families: dict[str, tuple[str, Series]] = {}
        self._delay = self.delay.of(())
        self.fenced = Counter("flowdesk_runs_lost_total", "Runs executed here that another process has taken.")
        self.taken_over = Counter("flowdesk_runs_adopted_total", "Runs taken over from processes that died.")

    def committed(self, plan: Plan | None, before: RunRow, row: RunRow, events: Sequence[Event]) -> None:
        """A run has got these events and this summary."""
        if before.started_at is None and row.started_at is not None:
            self._delay.observe((row.started_at - row.created_at) / 1000)
        for event in events:
            kind = event.type
            if kind is _STEP_STARTED:
                continue
            if kind is _RUN_STARTED:
                self.started.add((row.trigger.value,))
                continue
            for end, outcome in _STEP_ENDS:
                if kind is end:
                    self._step(plan, event, outcome)
                    break
        if row.finished_at is not None and before.finished_at is None:
            how = (_OUTCOMES[row.status],)
            self.finished.add(how)
            self.duration.observe((row.finished_at - row.created_at) / 1000, how)

    def _step(self, plan: Plan | None, event: Event, outcome: str) -> None:
        step = plan.steps.get(event.step_id or "") if plan is not None else None
        # The name of a kind that is not installed was written by a user.
        ref = step.definition.ref if step is not None and step.definition is not None else UNKNOWN
        family, series = self._families.get(ref) or self._family(ref)
        if outcome == "failed" and event.data.get("final") is False:
            outcome = "retried"
        self.steps.add((family, outcome))
        took_ms = event.data.get("durationMs")
        if took_ms is not None:
            series.observe(took_ms / 1000)

    def _family(self, ref: str) -> tuple[str, Series]:
        name = ref.partition(".")[0]
        found = self._families[ref] = name, self.step_duration.of((name,))
        return found

    def lost(self) -> None:
        """Somebody else has a run that was executed here."""
        self.fenced.add()

    def adopted(self, count: int) -> None:
        """So many runs were taken over from processes that died."""
        self.taken_over.add(by=count)

    def families(self) -> Iterator[Family]:
        """Everything counted here."""
        yield from (self.started, self.finished, self.duration, self.delay)
        yield from (self.steps, self.step_duration, self.fenced, self.taken_over)


class Requests:
    """Counts requests as they are answered."""

    def __init__(self) -> None:
        self.answered = Counter(
            "flowdesk_http_requests_total",
            "Requests answered, by the template of their route; `(none)` is an address that does not exist.",
            ("method", "route", "status"),
        )
        self.duration = Histogram(
            "flowdesk_http_request_duration_seconds",
            "How long answers took; live streams are not among them.",
            QUICK,
            ("route",),
        )
        self.refusals = Counter(
            "flowdesk_http_refused_total",
            "Requests refused because of a limit or for lack of room, by code.",
            ("code",),
        )

    def answer(self, request: web.Request, response: web.StreamResponse, seconds: float) -> None:
        """Count one answer."""
        resource = request.match_info.route.resource
        if resource is None:
            self.stray(response.status)
            return
        route = resource.canonical
        self.answered.add((request.method, route, str(response.status)))
        if isinstance(response, web.Response):
            self.duration.observe(seconds, (route,))

    def stray(self, status: int) -> None:
        """Count an answer to what no route is for; its method and address are what a stranger has typed."""
        self.answered.add(("(any)", "(none)", str(status)))

    def refuse(self, error: Exception) -> None:
        """Count why a request was refused, when it was for a limit or for lack of room."""
        if isinstance(error, Limited | Unavailable):
            self.refusals.add((error.code,))

    def families(self) -> Iterator[Family]:
        """Everything counted here."""
        yield from (self.answered, self.duration, self.refusals)


class Meters:
    """All that one process counts."""

    def __init__(self) -> None:
        self.work = Work()
        self.requests = Requests()
        self.loop_lag = Histogram(
            "flowdesk_event_loop_lag_seconds", "How late the event loop does what it was to do by now.", QUICK
        )
        self.lateness = Histogram(
            "flowdesk_schedule_lateness_seconds", "How late due schedules were looked at; outages included.", SLOW
        )

    def families(self) -> Iterator[Family]:
        """Everything counted."""
        yield from self.work.families()
        yield from self.requests.families()
        yield from (self.loop_lag, self.lateness)
