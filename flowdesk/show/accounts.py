"""Workspaces, members, invitations, API keys and the audit log as tables."""

from __future__ import annotations

from flowdesk.account_replies import AuditDoc, InvitationDoc, KeyDoc, MemberDoc, WorkspaceDoc
from flowdesk.show.lists import Rows
from flowdesk.show.paint import Paint
from flowdesk.show.table import Column
from flowdesk.show.text import day_time

SHOWN_HASH = 12


def workspace_table(workspaces: list[WorkspaceDoc], chosen: str | None, paint: Paint) -> Rows:
    """One row for each workspace; the chosen one has a star."""
    columns = [
        Column(""),
        Column("name", style=paint.bold, prose=True),
        Column("role"),
        Column("members", right=True),
        Column("id"),
    ]
    rows = [(_star(one, chosen), one["name"], one["role"], one["members"], one["id"]) for one in workspaces]
    return columns, rows


def is_chosen(workspace: WorkspaceDoc, chosen: str | None) -> bool:
    """Whether requests act in this workspace when this one is asked for."""
    if chosen is None:
        return workspace["personal"]
    return chosen == workspace["id"] or chosen.casefold() == workspace["name"].casefold()


def _star(workspace: WorkspaceDoc, chosen: str | None) -> str:
    return "*" if is_chosen(workspace, chosen) else ""


def member_table(members: list[MemberDoc], paint: Paint) -> Rows:
    """One row for each member."""
    columns = [Column("account", prose=True), Column("role"), Column("since", style=paint.dim), Column("id")]
    rows = [(one["email"] or "(gone)", one["role"], day_time(one["since"]), one["userId"]) for one in members]
    return columns, rows


def invitation_table(invitations: list[InvitationDoc], paint: Paint) -> Rows:
    """One row for each open invitation."""
    columns = [Column("for", prose=True), Column("role"), Column("until", style=paint.dim), Column("id")]
    rows = [(one["email"], one["role"], day_time(one["expiresAt"]), one["id"]) for one in invitations]
    return columns, rows


def key_table(keys: list[KeyDoc], paint: Paint) -> Rows:
    """One row for each API key."""
    columns = [
        Column("name", prose=True),
        Column("key"),
        Column("scopes", prose=True),
        Column("until", style=paint.dim),
        Column("last used", style=paint.dim),
        Column("id"),
    ]
    rows = [
        (
            key["name"],
            f"{key['prefix']}…",
            " ".join(key["scopes"]),
            "never ends" if key["expiresAt"] is None else day_time(key["expiresAt"]),
            "" if key["lastUsedAt"] is None else day_time(key["lastUsedAt"]),
            key["id"],
        )
        for key in keys
    ]
    return columns, rows


def audit_table(entries: list[AuditDoc], people: dict[str, str], paint: Paint) -> Rows:
    """One row for each change; `people` are addresses by user id."""
    columns = [
        Column("at", style=paint.dim),
        Column("by", prose=True),
        Column("what", style=paint.bold),
        Column("target"),
        Column("before"),
        Column("after"),
        Column("from", style=paint.dim),
    ]
    rows = [
        (
            day_time(entry["at"]),
            people.get(entry["userId"], entry["userId"]),
            entry["action"],
            entry["target"],
            (entry["before"] or "")[:SHOWN_HASH],
            (entry["after"] or "")[:SHOWN_HASH],
            entry["address"],
        )
        for entry in entries
    ]
    return columns, rows
