"""The trace of the request this code works for; needs no library, so that whoever traces nothing loads none."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from engine.tracing import TraceContext

CURRENT: Final[ContextVar[TraceContext | None]] = ContextVar("trace", default=None)


def current_trace() -> TraceContext | None:
    """The span of the request, None outside of one or when it is not traced."""
    return CURRENT.get()
