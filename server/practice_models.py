"""What is said about trying a workflow out: samples, pins, capturing, rehearsals."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StrictBool, StrictInt, StringConstraints

from engine.models.base import Document
from engine.models.workflow import StepId

MAX_KEPT_BYTES = 1_000_000
"""The largest sample or pin, as JSON."""

SampleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class SampleBody(Document):
    """What a trigger may bring."""

    data: dict[str, Any] = Field(default_factory=dict)
    """What the steps see as `data`."""
    meta: dict[str, Any] = Field(default_factory=dict)
    """What they see under `trigger` beside it, such as a webhook's headers."""


class Verification(Document):
    """What checking a captured call said: whether it would have started a run."""

    accepted: bool
    """Whether it would."""
    reason: str
    """Why not; `it would start a run` otherwise."""
    code: str | None = None
    """The code of the refusal."""
    field: str | None = None
    """The header or field that is to blame."""
    idempotency_key: str | None = None
    """The key by which a repetition would be recognized."""


class SampleDocument(SampleBody):
    """A sample that is kept."""

    verification: Verification | None = None
    """Of a captured call: what checking it said."""

    name: str
    """Its name."""
    at: AwareDatetime
    """When it was kept."""


class PinBody(Document):
    """What a step gives in rehearsals instead of running."""

    output: Any = None
    """Its output."""
    route: str | None = Field(default=None, min_length=1, max_length=64)
    """The route it is taken to have chosen, where its arrows have labels."""


class PinDocument(PinBody):
    """A pin that is kept."""

    step_id: str
    """The step."""
    at: AwareDatetime
    """When it was kept."""


class CaptureBody(Document):
    """How long to wait for a webhook."""

    seconds: StrictInt = Field(default=600, ge=1, le=86_400)
    """Within this time the next call is kept as a sample, and starts no run."""
    address: Literal["webhook", "test"] = "webhook"
    """`webhook`: whichever address is called, the real one or its test address. `test`: only the test address, which
    is the real one with `/test` behind it; calls of the real one start runs meanwhile."""


class CaptureDocument(Document):
    """Whether a webhook is waited for."""

    until: AwareDatetime | None
    """Until when; null when webhooks start runs as always."""


class RehearsalBody(Document):
    """A run to try the workflow out: it is marked as a test, and nothing else about it differs from any other."""

    until: StepId | None = None
    """The last step to run; those that it does not need are skipped."""
    sample: SampleName | None = None
    """The sample to start with, in place of `data`."""
    pins: dict[StepId, PinBody] = Field(default_factory=dict, max_length=100)
    """Steps that are not to run, and what they give instead."""
    kept_pins: StrictBool = False
    """Use the pins kept with the workflow, too; `pins` go before them."""
