"""Where a run stands in a distributed trace, in the form of W3C Trace Context: what came in, what goes out, who tells.

Ids of spans follow from ids of runs, steps and attempts, so that whichever process goes on with a run names the same
spans. A run keeps `00-<trace>-<parent span>-<flags>` with its trigger; the parent of one nobody asked for is itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from engine.models.event import Event
from engine.models.run import RunRow
from engine.plan import Plan
from engine.state import RunState

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?")


class TraceContext(NamedTuple):
    """One span of one trace, in hexadecimal digits."""

    trace_id: str
    span_id: str
    flags: str

    @property
    def sampled(self) -> bool:
        """Whether spans of this trace are recorded."""
        return bool(int(self.flags, 16) & 1)

    def at(self, span_id: str) -> TraceContext:
        """Another span of the same trace."""
        return self._replace(span_id=span_id)

    def __str__(self) -> str:
        """As a `traceparent` header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def parse(text: str) -> TraceContext | None:
    """What a `traceparent` says; None when it is not one, which is then as if there were none."""
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return TraceContext(trace_id, span_id, f"{int(flags, 16) & 1:02x}")


def span_id(*parts: str) -> str:
    """The id of the one span that belongs to these parts: a run, an attempt at a step of it."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


def attempt_span(run_id: str, step_id: str, attempt: int) -> str:
    """The id of the span of one attempt."""
    return span_id(run_id, step_id, str(attempt))


def within(trace: str | None, span: str) -> str | None:
    """The trace context of this span in a run's trace, if the run is traced."""
    context = None if trace is None else parse(trace)
    return None if context is None else str(context.at(span))


class Tracing(Protocol):
    """Tells of runs and steps as spans. Called in the event loop, so it must be quick, and must not raise."""

    def adopt(self, run_id: str) -> str | None:
        """The trace a run that is about to be accepted belongs to, which it keeps; None: it is not traced."""

    def committed(self, plan: Plan, state: RunState, before: RunRow, row: RunRow, events: Sequence[Event]) -> None:
        """A traced run has got these durable events and this summary, in place of `before`."""


class NoTracing:
    """Implements Tracing and tells nothing."""

    def adopt(self, run_id: str) -> str | None:
        """No trace."""
        return None

    def committed(self, plan: Plan, state: RunState, before: RunRow, row: RunRow, events: Sequence[Event]) -> None:
        """Nothing."""
