"""What answers say: the shape of every document the API gives out.

Answers are written by `server.views` as plain objects, since building models for a page of a thousand events would
cost more than everything else; the tests hold both to each other.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from engine.models.base import Document
from engine.models.workflow import WorkflowDraft


class WorkflowDocument(WorkflowDraft):
    """A saved workflow."""

    id: str
    """The workflow's id, which is also its webhook's address."""
    owner_id: str
    """The user it belongs to."""
    version: int
    """Counts saves, from 1."""
    created_at: AwareDatetime
    """When it was made."""
    updated_at: AwareDatetime
    """When this version was saved."""


class ProblemItem(Document):
    """One thing wrong with a document."""

    code: str
    """What kind of mistake it is; stable."""
    message: str
    """What is wrong."""
    step_id: str | None = None
    """The step it is in."""
    field: str | None = None
    """Where it is, below the step or the document."""
    hint: str | None = None
    """What to do about it."""
    line: int | None = None
    """The line inside a template or expression."""
    column: int | None = None
    """The column inside a template or expression."""


class ProblemDocument(Document):
    """What every error is answered with, as `application/problem+json` (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    """`urn:flowdesk:problem:` and the code."""
    title: str
    """The code in words."""
    status: int
    """The HTTP status."""
    code: str
    """What kind of thing happened; stable."""
    detail: str
    """What happened, for people."""
    hint: str | None = None
    """What to do about it."""
    request_id: str
    """The request, as the server's log names it."""
    problems: list[ProblemItem] | None = None
    """Every single thing that is wrong with what was sent."""


class Validation(Document):
    """What is wrong with a workflow document, if anything."""

    valid: bool
    """Whether it could be saved."""
    problems: list[ProblemItem]
    """Every problem found, in the order of the document."""


class VersionItem(Document):
    """One entry of a workflow's history."""

    version: int
    """The version's number."""
    saved_at: AwareDatetime
    """When it was saved."""
    saved_by: str
    """The user who saved it."""
    name: str
    """What the workflow was called then."""
    steps: int
    """How many steps it had."""


class Change(Document):
    """One difference between two versions."""

    path: str
    """Where: steps are named by id, as in `steps.greet.params.text`."""
    kind: Literal["added", "removed", "changed"]
    """What happened to it."""
    before: Any = None
    """The value in the first version."""
    after: Any = None
    """The value in the second version."""


class Diff(Document):
    """What changed between two versions."""

    from_version: int = Field(alias="from")
    """The version compared with."""
    to_version: int = Field(alias="to")
    """The version compared."""
    changes: list[Change]
    """Every difference; none when the versions say the same."""


class StepKind(Document):
    """One kind of step."""

    ref: str
    """What workflows call it."""
    title: str
    """What people call it."""
    description: str
    """What it does."""
    kind: Literal["TRIGGER", "ACTION"]
    """Whether it starts runs or works in them."""
    effect: Literal["pure", "idempotent", "once"]
    """What repeating it costs."""
    params: dict[str, Any]
    """The JSON Schema of its parameters."""
    examples: list[StepExample]
    """Worked uses."""
    source: str
    """Where it comes from: `built in` or the name of a package."""
    expressions: list[str]
    """Which parameters hold CEL, as `condition` or `cases[].when`; a list in place of one holds templates."""


class StepExample(Document):
    """A worked use of a step."""

    title: str
    """What it shows."""
    params: dict[str, Any]
    """The step's parameters."""
    data: dict[str, Any]
    """The data the step sees."""
    output: Any
    """What it gives."""


class Plugin(Document):
    """A source of steps and how loading it went."""

    name: str
    """The module or entry point."""
    source: str
    """`built in` or the package it came in."""
    version: str | None
    """The package's version."""
    refs: list[str]
    """The steps it brought."""
    error: str | None
    """Why it could not be loaded."""


StepKind.model_rebuild()
