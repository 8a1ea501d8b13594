"""What is asked and answered about steps that are tried out: their documents need not be saved."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, StrictInt, model_validator

from engine.models.base import Document
from server.api_documents import ProblemItem
from server.api_models import Id
from server.run_documents import RunError

MAX_TRIAL_MS = 30_000


class PreviewBody(Document):
    """Which step of which document to look at, and with whose eyes."""

    document: dict[str, Any]
    """A workflow as it is being written; what is wrong with other steps does not matter."""
    step_id: str = Field(min_length=1, max_length=200)
    """The step."""
    run_id: Id | None = None
    """A run of this workflow: the step sees its trigger and the outputs of the steps before."""
    data: dict[str, Any] | None = None
    """Trigger data to see instead of a run's."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.run_id is not None and self.data is not None:
            raise ValueError("give runId or data, not both")
        return self


class TryBody(PreviewBody):
    """Which step of which document to execute, once."""

    timeout_ms: StrictInt = Field(default=MAX_TRIAL_MS, ge=1, le=MAX_TRIAL_MS)
    """How long it may take, if the step itself is not stricter."""


class ScopeDocument(Document):
    """What templates and conditions of the step see."""

    data: Any
    """The trigger's data merged with the outputs of the steps before."""
    steps: Any
    """Those outputs by step."""
    trigger: Any
    """What started the run."""
    run: Any
    """The run."""
    workflow: Any
    """The workflow."""


class PreviewDocument(Document):
    """A step's parameters as its handler would get them."""

    params: Any
    """The parameters with every template replaced that can be, secrets masked."""
    problems: list[ProblemItem]
    """What is wrong with them; `missing_name` is no error: a name without a value renders as nothing."""
    scope: ScopeDocument
    """What the step sees."""
    truncated: bool
    """Whether long texts, lists and objects were cut."""


class TrialLine(Document):
    """What the step said."""

    at: AwareDatetime
    """When."""
    level: Literal["debug", "info", "warning", "error"]
    """How serious it is."""
    message: str
    """The line."""
    fields: dict[str, Any]
    """What else the step said, by name."""


class TrialDocument(Document):
    """What came of executing a step alone."""

    ok: bool
    """Whether it succeeded."""
    data: Any
    """Its output; a trigger's is the data it would bring."""
    error: RunError | None
    """Why it failed."""
    route: str | None
    """The route it chose."""
    params: Any
    """Its parameters as rendered, secrets masked."""
    logs: list[TrialLine]
    """What it said, oldest first; at most the newest 1,000 lines."""
    duration_ms: float
    """How long it took."""
    truncated: bool
    """Whether long texts, lists and objects were cut."""
