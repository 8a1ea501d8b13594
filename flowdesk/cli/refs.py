"""What a person calls a thing, turned into the thing: workflows by id or name, runs by id."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from difflib import get_close_matches
from typing import Final, Literal, TypeVar

from flowdesk.client import Client
from flowdesk.errors import InConflict, Missing, ProblemReply
from flowdesk.replies import WorkflowDoc

T = TypeVar("T")

_WORKFLOW_ID: Final = re.compile(r"[0-9a-hjkmnp-tv-z]{36}\Z")
_RUN_ID: Final = re.compile(r"[0-9a-hjkmnp-tv-z]{26}\Z")


def is_run_id(text: str) -> bool:
    """Whether the text has the form of a run's id (and not of a workflow's)."""
    return bool(_RUN_ID.match(text))


async def find_workflow(client: Client, reference: str) -> WorkflowDoc:
    """The workflow with this id or exactly this name; Missing names the nearest, InConflict lists several."""
    if _WORKFLOW_ID.match(reference):
        return await client.workflows.get(reference)
    found = await client.workflows.named(reference)
    if len(found) == 1:
        return found[0]
    if found:
        raise ambiguous(reference, found)
    names = [workflow["name"] async for workflow in client.workflows.all()]
    near = get_close_matches(reference, names, n=1, cutoff=0.5)
    raise Missing(
        ProblemReply(
            404,
            "not_found",
            f"there is no workflow called {reference!r}",
            hint=f"did you mean {near[0]!r}?" if near else "flowdesk ls lists them",
        )
    )


async def known(kind: Literal["run", "job", "secret"], reference: str, asked: Awaitable[T]) -> T:
    """What was asked about this run, job or secret; Missing names it in the words of the person who did."""
    try:
        return await asked
    except Missing:
        said = f"there is no {kind} {reference!r}"
        lists = "secrets list" if kind == "secret" else f"{kind}s"
        raise Missing(ProblemReply(404, "not_found", said, hint=f"flowdesk {lists} lists them")) from None


def ambiguous(name: str, found: list[WorkflowDoc]) -> InConflict:
    """The error for a name that several workflows have."""
    ids = ", ".join(workflow["id"] for workflow in found)
    return InConflict(
        ProblemReply(409, "ambiguous_name", f"{len(found)} workflows are called {name!r}", hint=f"use an id: {ids}")
    )
