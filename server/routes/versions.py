"""A workflow's history: list, read, compare, restore."""

from __future__ import annotations

import re

from aiohttp import web

from engine.errors import Invalid, NotFound
from engine.graph import check_draft
from engine.models.workflow import Workflow, WorkflowDraft
from server.api_documents import Diff, VersionItem, WorkflowDocument
from server.api_models import PageQuery
from server.diff import workflow_changes
from server.keys import REGISTRY, STORE, owner_of
from server.permissions import Permission
from server.requests import json_response, page_response, query
from server.routes.workflows import save_version
from server.routing import Route
from server.views import version_item, workflow_document

_NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z", re.ASCII)


async def _version(request: web.Request, parameter: str) -> Workflow:
    text = request.match_info[parameter]
    if not _NUMBER.match(text):
        raise NotFound(f"there is no version {text[:20]!r}: versions count from 1")
    return await request.app[STORE].workflows.version(request.match_info["id"], int(text), owner=owner_of(request))


async def index(request: web.Request) -> web.StreamResponse:
    """One page of a workflow's history."""
    wanted = query(request, PageQuery)
    page = await request.app[STORE].workflows.versions(
        request.match_info["id"], owner=owner_of(request), limit=wanted.limit, cursor=wanted.cursor
    )
    return page_response(page, version_item, request)


async def show(request: web.Request) -> web.StreamResponse:
    """The document as it was in that version."""
    return json_response(workflow_document(await _version(request, "n")))


async def diff(request: web.Request) -> web.StreamResponse:
    """What changed from one version to another."""
    before = await _version(request, "a")
    after = await _version(request, "b")
    changes = workflow_changes(workflow_document(before), workflow_document(after))
    return json_response({"from": before.version, "to": after.version, "changes": changes})


async def restore(request: web.Request) -> web.StreamResponse:
    """Make an old version's document the newest version."""
    old = await _version(request, "n")
    draft = WorkflowDraft.model_construct(
        set(WorkflowDraft.model_fields) & old.model_fields_set,
        **{name: getattr(old, name) for name in WorkflowDraft.model_fields},
    )
    problems = check_draft(draft, request.app[REGISTRY])
    if problems:
        raise Invalid(problems=problems, code="invalid_workflow", hint="what it needs is no longer installed")
    return json_response(workflow_document(await save_version(request, draft)))


_TAGS = ("versions",)
_PATH = "/api/workflows/{id}/versions"

routes = [
    Route(
        "GET",
        _PATH,
        index,
        needs=Permission.WORKFLOWS_READ,
        summary="List versions, newest first",
        query=PageQuery,
        response=list[VersionItem],
        tags=_TAGS,
    ),
    Route(
        "GET",
        f"{_PATH}/{{n}}",
        show,
        needs=Permission.WORKFLOWS_READ,
        summary="Read a version",
        response=WorkflowDocument,
        tags=_TAGS,
    ),
    Route(
        "GET",
        f"{_PATH}/{{a}}/diff/{{b}}",
        diff,
        needs=Permission.WORKFLOWS_READ,
        summary="Compare two versions",
        response=Diff,
        tags=_TAGS,
    ),
    Route(
        "POST",
        f"{_PATH}/{{n}}/restore",
        restore,
        needs=Permission.WORKFLOWS_WRITE,
        audit="workflow.restore",
        summary="Make an old version the newest one again",
        response=WorkflowDocument,
        tags=_TAGS,
    ),
]
