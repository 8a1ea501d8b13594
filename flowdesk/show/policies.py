"""Quotas and egress lists as tables."""

from __future__ import annotations

from flowdesk.client_policies import EgressDoc, QuotaDoc
from flowdesk.show.lists import Rows
from flowdesk.show.paint import Paint
from flowdesk.show.table import Column


def quota_table(quotas: QuotaDoc, paint: Paint) -> Rows:
    """One row for each quota."""
    columns = [
        Column("quota", style=paint.bold),
        Column("used", right=True),
        Column("limit", right=True),
        Column("set for", style=paint.dim),
    ]
    states = (
        ("workflows", quotas["workflows"]),
        ("runs", quotas["runs"]),
        ("queued", quotas["queued"]),
        ("payload bytes", quotas["payloadBytes"]),
    )
    rows = [
        (
            name,
            "" if state["used"] is None else f"{state['used']:,}",
            "none" if state["limit"] is None else f"{state['limit']:,}",
            "this workspace" if state["own"] else "all workspaces",
        )
        for name, state in states
    ]
    return columns, rows


def egress_table(lists: EgressDoc, paint: Paint) -> Rows:
    """One row for each entry, what is denied first, as it counts first."""
    rows = [("deny", entry) for entry in lists["deny"]] + [("allow", entry) for entry in lists["allow"]]
    return [Column("rule"), Column("target", style=paint.bold, prose=True)], rows
