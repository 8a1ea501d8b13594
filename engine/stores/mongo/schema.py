"""The collections and their indexes. See docs/mongo.md for what each document holds.

A change of form that older programs cannot live with raises FORM; a new index does not.
"""

from __future__ import annotations

from typing import Any, Final

from pymongo import IndexModel

FORM: Final = 1

JOURNAL: Final = "journal"
RUNS: Final = "runs"
JOBS: Final = "jobs"
BLOBS: Final = "blobs"
MESSAGES: Final = "messages"
OWNERS: Final = "owners"
POLICIES: Final = "policies"
PRACTICE: Final = "practice"
TALLIES: Final = "tallies"
USERS: Final = "users"
WORKFLOWS: Final = "workflows"
VERSIONS: Final = "workflowVersions"
SECRETS: Final = "secrets"
WORKSPACES: Final = "workspaces"
CREDENTIALS: Final = "credentials"
AUDIT: Final = "audit"
DELETED: Final = "deletedWorkflows"
META: Final = "meta"
"""Single documents: `schema`, `places` (the counter of the feed and its floor), `repair` (how far), `probe`."""

ANY_TIME: Final = {"$gte": 0}
"""Spelt in queries exactly as in the partial indexes, or MongoDB does not see that they belong together."""
ANY_TEXT: Final = {"$gte": ""}


def _index(name: str, *keys: str, unique: bool = False, only: dict[str, Any] | None = None) -> IndexModel:
    """An index; a key with a minus before it is descending."""
    options: dict[str, Any] = {"name": name, "unique": unique}
    if only is not None:
        options["partialFilterExpression"] = only
    return IndexModel([(key.removeprefix("-"), -1 if key.startswith("-") else 1) for key in keys], **options)


INDEXES: Final[dict[str, list[IndexModel]]] = {
    JOURNAL: [
        _index("fence", "runId", "rev", unique=True),
        _index("key", "workflowId", "dedupeKey", unique=True, only={"dedupeKey": ANY_TEXT}),
        _index("void", "void", "_id", only={"void": True}),
    ],
    RUNS: [
        # Lists: each is a merge of one range per status, so that every filter is a short walk along an index.
        _index("user", "userId", "status", "-createdAt", "-_id", "trigger"),
        _index("workflow", "workflowId", "status", "-createdAt", "-_id", "trigger"),
        _index("status", "status", "-createdAt", "-_id", "trigger"),
        _index("parent", "parentRunId", "status", "-createdAt", "-_id", only={"parentRunId": ANY_TEXT}),
        _index("caller", "callerRunId", "status", "-createdAt", "-_id", only={"callerRunId": ANY_TEXT}),
        _index(
            "waiting", "userId", "waitingFor", "status", "-createdAt", "-_id", "trigger", only={"waitingFor": ANY_TEXT}
        ),
        # The sweeper: these hold unfinished runs only.
        _index("wake", "wakeAt", only={"wakeAt": ANY_TIME}),
        _index("holder", "holder", only={"holder": ANY_TEXT}),
        _index("cancel", "cancelRequested", "holder", only={"cancelRequested": True, "open": True}),
        _index("poked", "poked", "holder", only={"poked": True, "open": True}),
        _index("held", "heldUnder", "createdAt", "_id", only={"heldUnder": ANY_TEXT}),
        _index("turn", "userId", "wakeAt", only={"wakeAt": ANY_TIME}),
        # Retention.
        _index("owed", "owed", only={"owed": True}),
        _index("finished", "finishedAt", only={"open": False}),
    ],
    JOBS: [
        _index("user", "userId", "status", "-_id"),
        _index("workflow", "workflowId", "status", "-_id"),
        _index("status", "status", "-_id"),
        _index("run", "runId", "status", "-_id"),
    ],
    BLOBS: [_index("run", "runId", "ref", "rev", "part")],
    MESSAGES: [_index("run", "runId", "at", "_id")],
    OWNERS: [_index("until", "until")],
    PRACTICE: [_index("name", "workflowId", "kind", "name", unique=True)],
    TALLIES: [_index("expired", "expiresAt", only={"expiresAt": ANY_TIME})],
    USERS: [_index("email", "email", unique=True)],
    WORKFLOWS: [
        _index("owner", "ownerId", "-_id"),
        _index("next", "schedules.nextAt"),
    ],
    WORKSPACES: [_index("member", "members.userId")],
    CREDENTIALS: [
        _index("digest", "digest", unique=True),
        _index("user", "userId", "kind", "-_id"),
        _index("workspace", "workspaceId", "kind", "-_id", only={"workspaceId": ANY_TEXT}),
        _index("expiry", "expiresAt", only={"expiresAt": ANY_TIME}),
    ],
    AUDIT: [_index("workspace", "workspaceId", "-_id"), _index("target", "target", "-_id")],
    SECRETS: [_index("name", "ownerId", "name", unique=True)],
    VERSIONS: [_index("version", "workflowId", "-version", unique=True)],
}

VALIDATORS: Final[dict[str, dict[str, Any]]] = {RUNS: {"createdAt": {"$exists": True}}}
"""A summary is whole. An update that would have to make one from its changes alone is refused, and we get to know."""

COLLECTIONS: Final = (*INDEXES, DELETED, POLICIES, META)
