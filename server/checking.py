"""A document against what its tenant has: everything `engine.graph.validate` says, with the secrets there are."""

from __future__ import annotations

from aiohttp import web

from engine.errors import Problem
from engine.graph import validate
from engine.jsonio import Json
from engine.models.workflow import WorkflowDraft
from engine.vault import mentions_secrets
from server.keys import KEEPER, REGISTRY


async def problems_in(document: Json, app: web.Application, tenant: str) -> tuple[WorkflowDraft | None, list[Problem]]:
    """The draft a document holds, and everything wrong with it; no draft when anything is."""
    secrets = await app[KEEPER].bindings(tenant) if mentions_secrets(document) else None
    return validate(document, app[REGISTRY], secrets=secrets)
