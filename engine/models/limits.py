"""Limits a workflow sets itself: how many runs at once, how many in a time, and what counts as the same event."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from engine.models.base import Document

Key = Annotated[str, StringConstraints(min_length=1, max_length=500)]

_DAY_MS = 86_400_000


class Concurrency(Document):
    """How many runs of the workflow may be unfinished at once; waiting runs count."""

    limit: int = Field(ge=1, le=1000)
    """Unfinished runs allowed, for each key."""
    key: Key | None = None
    """A template over the trigger's data, such as `{{customer}}`: runs with the same text share a limit.

    Without it all do."""
    strategy: Literal["queue", "drop", "cancel"] = "queue"
    """What becomes of a run too many: `queue` lets it wait its turn, `drop` refuses it (429), `cancel` cancels the
    oldest run instead."""


class Rate(Document):
    """How many runs may start within a time."""

    limit: int = Field(ge=1, le=1000)
    """Starts allowed within the window, for each key."""
    window_ms: int = Field(ge=100, le=31 * _DAY_MS)
    """The length of the window, in milliseconds; it slides."""
    key: Key | None = None
    """A template, as for `concurrency`."""
    strategy: Literal["delay", "drop"] = "delay"
    """What becomes of a run too many: `delay` starts it as soon as the window has room, `drop` refuses it (429)."""


class Dedupe(Document):
    """Triggers that say the same thing twice start one run."""

    key: Key
    """A template: within the window, a trigger with the same text is answered with the first one's run."""
    window_ms: int = Field(ge=100, le=31 * _DAY_MS)
    """How long a text is remembered, in milliseconds, from its first trigger on."""


class Debounce(Document):
    """Of a burst of triggers only the last one's run is executed, once the burst is over."""

    delay_ms: int = Field(ge=10, le=_DAY_MS)
    """How long it must be quiet before the run starts, in milliseconds."""
    max_ms: int | None = Field(default=None, ge=10, le=7 * _DAY_MS)
    """How long after the burst's first trigger a run starts at the latest, in milliseconds, however busy it stays."""
    key: Key | None = None
    """A template, as for `concurrency`."""

    @model_validator(mode="after")
    def _in_order(self) -> Debounce:
        if self.max_ms is not None and self.max_ms < self.delay_ms:
            raise PydanticCustomError("debounce_max", "maxMs is at least delayMs")
        return self
