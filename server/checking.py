"""A document against the secrets and workflows its tenant has: everything `engine.graph.validate` says."""

from __future__ import annotations

from aiohttp import web

from engine.checks.called import mentioned_workflows
from engine.errors import NotFound, Problem
from engine.graph import validate
from engine.jsonio import Json
from engine.models.workflow import WorkflowDraft
from engine.store import Workflows
from engine.vault import mentions_secrets
from server.keys import KEEPER, REGISTRY, STORE


async def problems_in(document: Json, app: web.Application, tenant: str) -> tuple[WorkflowDraft | None, list[Problem]]:
    """The draft a document holds, and everything wrong with it; no draft when anything is."""
    secrets = await app[KEEPER].bindings(tenant) if mentions_secrets(document) else None
    workflows = app[STORE].workflows
    known = {named for named in mentioned_workflows(document) if await _exists(workflows, named, tenant)}
    return validate(document, app[REGISTRY], secrets=secrets, workflows=known)


async def _exists(workflows: Workflows, workflow_id: str, tenant: str) -> bool:
    try:
        await workflows.get(workflow_id, owner=tenant)
    except NotFound:
        return False
    return True
