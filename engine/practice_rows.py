"""The port to what people keep for trying a workflow out: samples of trigger data, and outputs pinned to steps.

None of it is ever used by a run that nobody asked to be a test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

MOST: Final = 50
"""Samples, and pins, that one workflow may have."""

Kind = Literal["sample", "pin"]


@dataclass(slots=True, frozen=True)
class PracticeRow:
    """One kept value: a sample by its name, or a pin by its step's id.

    A sample's value is `{data, meta}`, as a trigger brings them; a pin's is `{output, route?}`.
    """

    workflow_id: str
    kind: Kind
    name: str
    at: int
    value: dict[str, Any] = field(default_factory=dict)


class Practice(Protocol):
    """Kept values; (workflow_id, kind, name) is unique. Whether the caller may see the workflow is asked before."""

    async def put(self, row: PracticeRow) -> None:
        """Keep a value in place of one of the same name; Conflict when the workflow has MOST of the kind already."""

    async def get(self, workflow_id: str, kind: Kind, name: str) -> PracticeRow:
        """One value; NotFound when there is none."""

    async def all(self, workflow_id: str, kind: Kind) -> list[PracticeRow]:
        """All of a kind, by name."""

    async def delete(self, workflow_id: str, kind: Kind, name: str) -> None:
        """Forget a value; NotFound when there is none."""

    async def delete_all(self, workflow_id: str) -> None:
        """Forget everything of a workflow."""

    async def everything(self, *, limit: int, after: tuple[str, str, str] | None = None) -> list[PracticeRow]:
        """Values of all workflows by (workflow_id, kind, name), for whoever moves the whole store."""


def too_many(kind: Kind) -> str:
    """What to say of one value too many."""
    return f"the workflow has {MOST} {kind}s already, which is the most"
