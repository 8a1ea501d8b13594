"""Which workflows and steps read which secrets, told from the documents themselves."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from engine.models.workflow import Step, Workflow
from engine.plan import secret_names
from engine.render.compile import survey_params
from engine.store import Workflows
from engine.vault import mentions_secrets

_PAGE: Final = 100
_KEPT: Final = 5000


@dataclass(slots=True, frozen=True)
class Usage:
    """One workflow that reads a secret, in these steps."""

    workflow_id: str
    workflow_name: str
    step_ids: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As the API tells it."""
        return {"workflowId": self.workflow_id, "workflowName": self.workflow_name, "stepIds": list(self.step_ids)}


class Usages:
    """Looks through a tenant's workflows; what a version reads is remembered."""

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows
        self._known: OrderedDict[tuple[str, int], dict[str, tuple[str, ...]]] = OrderedDict()

    async def all(self, owner: str) -> dict[str, list[Usage]]:
        """The usages of every secret some workflow of the tenant reads, also of such as do not exist."""
        found: dict[str, list[Usage]] = {}
        cursor: str | None = None
        while True:
            page = await self._workflows.page(owner=owner, limit=_PAGE, cursor=cursor)
            for workflow in page.items:
                for name, step_ids in self._reads(workflow).items():
                    found.setdefault(name, []).append(Usage(workflow.id, workflow.name, step_ids))
            if (cursor := page.cursor) is None:
                return found
            await asyncio.sleep(0)  # reading a page of documents takes a while

    def _reads(self, workflow: Workflow) -> dict[str, tuple[str, ...]]:
        key = (workflow.id, workflow.version)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = reads_of(workflow)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return known


def reads_of(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    """The secrets a workflow reads, each with the steps that do."""
    found: dict[str, list[str]] = {}
    for step in _every_step(workflow.steps):
        if mentions_secrets(step.params):
            for name in secret_names(survey_params(step.params)[0]):
                found.setdefault(name, []).append(step.id)
    return {name: tuple(step_ids) for name, step_ids in found.items()}


def _every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """Those inside of others, too."""
    for step in steps:
        yield step
        if step.body is not None:
            yield from _every_step(step.body.steps)
