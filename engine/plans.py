"""Compiled workflows, kept as long as they are likely to be needed again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from engine.errors import NotFound
from engine.models.run import RunRow
from engine.plan import DEFAULT_TIMEOUT_MS, Plan, compile_plan
from engine.registry import Registry
from engine.sharing import SharedLookup
from engine.store import ANYONE, Workflows

MAX_PLANS: Final = 2000


class Plans:
    """Finds plans by workflow id (the current version) or by id and version.

    In a `shared` store another process may save a newer version at any time, so what is kept is asked about.
    """

    def __init__(
        self, workflows: Workflows, registry: Registry, *, timeout_ms: int = DEFAULT_TIMEOUT_MS, shared: bool = False
    ) -> None:
        self._workflows = workflows
        self._newest = SharedLookup(workflows.current_version) if shared else None
        self._registry = registry
        self._timeout_ms = timeout_ms
        self._current: dict[str, Plan] = {}
        self._versions: OrderedDict[tuple[str, int], Plan] = OrderedDict()
        self._epoch = 0

    async def current(self, workflow_id: str) -> Plan:
        """The plan of the newest version; NotFound for an unknown or deleted workflow."""
        plan = self._current.get(workflow_id)
        if plan is not None and self._newest is not None and await self._newest(workflow_id) != plan.workflow.version:
            self._current.pop(workflow_id, None)
            plan = None
        if plan is None:
            epoch = self._epoch
            workflow = await self._workflows.get(workflow_id, owner=ANYONE)
            plan = self._keep(compile_plan(workflow, self._registry, timeout_ms=self._timeout_ms))
            # A save that happened while this was being read must not be hidden by it.
            if epoch == self._epoch:
                if len(self._current) >= MAX_PLANS:
                    self._current.clear()
                self._current[workflow_id] = plan
        return plan

    async def version(self, workflow_id: str, version: int) -> Plan:
        """The plan of one version, also of a deleted workflow."""
        plan = self._versions.get((workflow_id, version))
        if plan is None:
            workflow = await self._workflows.version(workflow_id, version, owner=ANYONE)
            plan = self._keep(compile_plan(workflow, self._registry, timeout_ms=self._timeout_ms))
        return plan

    async def of(self, row: RunRow) -> Plan:
        """What a run executes: a version of a workflow, or the steps inside of one of its steps."""
        return _part(await self.version(row.workflow_id, row.workflow_version), row)

    async def newest(self, row: RunRow) -> Plan:
        """The same in the newest version."""
        return _part(await self.current(row.workflow_id), row)

    def forget(self, workflow_id: str) -> None:
        """The workflow was saved or deleted: look again next time."""
        self._epoch += 1
        self._current.pop(workflow_id, None)

    def _keep(self, plan: Plan) -> Plan:
        key = (plan.workflow.id, plan.workflow.version)
        self._versions[key] = plan
        self._versions.move_to_end(key)
        if len(self._versions) > MAX_PLANS:
            self._versions.popitem(last=False)
        return plan


def _part(plan: Plan, row: RunRow) -> Plan:
    if row.call is None or row.call.body is None:
        return plan
    body = plan.body(row.call.body)
    if body is None:
        raise NotFound(f"version {plan.workflow.version} has no steps inside of {row.call.body}")
    return body
