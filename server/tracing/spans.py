"""Runs, attempts at steps and requests as OpenTelemetry spans, made when they are over.

A run is told of as its journal becomes durable, so a span says what has happened and nothing else: an attempt that died
with its process has none, and one that was executed twice has one. Attributes are ids, statuses and names of installed
steps; nothing that a user has written, and no workflow's id, which opens its webhook.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from engine.models.event import Event, EventType
from engine.models.run import RunRow
from engine.plan import Plan
from engine.state import RunState
from engine.tracing import TraceContext, attempt_span, parse, span_id
from server.tracing.current import current_trace

_ENDS: Final = (EventType.STEP_SUCCEEDED, EventType.STEP_FAILED)
_MS: Final = 1_000_000
UNKNOWN: Final = "unknown"
OWN_CODE: Final = "core.fail"
"""The built-in step whose error code is what a workflow's author, or the data, says."""


class GivenIds(IdGenerator):
    """Hands out the ids that were decided on before the span is made; only ever used in the event loop."""

    def __init__(self) -> None:
        self.trace = self.span = 0

    def generate_span_id(self) -> int:
        """The id of the span that is being made."""
        return self.span

    def generate_trace_id(self) -> int:
        """The id of its trace, when it has no parent."""
        return self.trace


class Spans:
    """Implements engine.tracing.Tracing over a provider whose id generator is `ids`."""

    def __init__(self, provider: TracerProvider, ids: GivenIds) -> None:
        self._ids = ids
        self._sampler = provider.sampler
        self._tracer = provider.get_tracer("flowdesk")

    # -- contexts -----------------------------------------------------------------------------------------------

    def begin(self, name: str, above: TraceContext | None = None) -> TraceContext:
        """A span below this one, or the first of a new trace; whether it is recorded holds for all that follows."""
        trace_id = secrets.token_hex(16) if above is None else above.trace_id
        context = None if above is None else _below(above)
        verdict = self._sampler.should_sample(context, int(trace_id, 16), name)
        flags = "01" if verdict.decision is Decision.RECORD_AND_SAMPLE else "00"
        return TraceContext(trace_id, secrets.token_hex(8), flags)

    def adopt(self, run_id: str) -> str:
        """The trace of the request that asks for the run, or a new one whose first span is the run's."""
        asked = current_trace()
        return str(asked if asked is not None else self.begin("run").at(span_id(run_id)))

    # -- runs ---------------------------------------------------------------------------------------------------

    def committed(self, plan: Plan, state: RunState, before: RunRow, row: RunRow, events: Sequence[Event]) -> None:
        """Make spans of the attempts these events end, and of the run when it has ended."""
        trace = parse(state.trigger.trace or "")
        if trace is None:
            return
        for event in events:
            if event.type in _ENDS and event.step_id is not None:
                self._attempt(plan, state, row, trace, event)
        if row.finished_at is not None and before.finished_at is None:
            self._run(state, row, trace)

    def _attempt(self, plan: Plan, state: RunState, row: RunRow, trace: TraceContext, event: Event) -> None:
        data, step_id = event.data, event.step_id or ""
        if data.get("reused") or data.get("pinned") or not event.attempt:
            return
        step = plan.steps.get(step_id)
        # The name of a kind that is not installed was written by a user.
        definition = step.definition if step is not None else None
        ref = definition.ref if definition is not None else UNKNOWN
        attributes: dict[str, str | int] = {
            "flowdesk.run.id": row.id,
            "flowdesk.step.id": step_id,
            "flowdesk.step.ref": ref,
            "flowdesk.step.attempt": event.attempt,
        }
        failed = event.type is EventType.STEP_FAILED
        if failed:
            own = definition is not None and definition.source == "built in" and ref != OWN_CODE
            attributes["error.type"] = str(data["error"]["code"]) if own else "step_failed"
        start = event.at - float(data.get("durationMs") or 0)
        began = state.steps[step_id].started_at
        if event.attempt == 1 and began is not None:
            start = min(start, began)  # what it waited for is part of it
        self._make(
            ref,
            SpanKind.CLIENT if definition is not None and definition.checks_hosts else SpanKind.INTERNAL,
            trace.at(attempt_span(row.id, step_id, event.attempt)),
            span_id(row.id),
            (round(start * _MS), event.at * _MS),
            attributes,
            failed=failed,
        )

    def _run(self, state: RunState, row: RunRow, trace: TraceContext) -> None:
        attributes: dict[str, str | int] = {
            "flowdesk.run.id": row.id,
            "flowdesk.run.status": row.status.value,
            "flowdesk.run.trigger": row.trigger.value,
            "flowdesk.workflow.version": row.workflow_version,
        }
        own, began = span_id(row.id), row.created_at
        parent: str | None = trace.span_id if trace.span_id != own else None
        if state.reopened_at is not None:  # the span of its first end is told already
            own, parent, began = span_id(row.id, str(state.reopened_at)), own, state.reopened_at
        failed = row.error_code is not None
        times = (began * _MS, (row.finished_at or began) * _MS)
        self._make("run", SpanKind.INTERNAL, trace.at(own), parent, times, attributes, failed=failed)

    # -- requests -----------------------------------------------------------------------------------------------

    def request(
        self, own: TraceContext, parent: str | None, times: tuple[int, int], method: str, route: str, status: int | None
    ) -> None:
        """Make the span of one request; `status` None: nobody was there any more to be answered."""
        attributes: dict[str, str | int] = {"http.request.method": method, "http.route": route}
        if status is not None:
            attributes["http.response.status_code"] = status
        failed = status is None or status >= 500
        self._make(f"{method} {route}", SpanKind.SERVER, own, parent, times, attributes, failed=failed)

    def _make(
        self,
        name: str,
        kind: SpanKind,
        own: TraceContext,
        parent: str | None,
        times: tuple[int, int],
        attributes: Mapping[str, str | int],
        *,
        failed: bool,
    ) -> None:
        context = Context() if parent is None else _below(own.at(parent))
        self._ids.trace, self._ids.span = int(own.trace_id, 16), int(own.span_id, 16)
        span = self._tracer.start_span(name, context, kind, attributes, start_time=times[0])
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(max(times))


def _below(above: TraceContext) -> Context:
    flags = TraceFlags(int(above.flags, 16))
    parent = SpanContext(int(above.trace_id, 16), int(above.span_id, 16), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(parent), Context())
