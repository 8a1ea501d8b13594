"""Webhooks as a table and as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowdesk.clean import clean
from flowdesk.hook_replies import HookDoc, VerificationDoc
from flowdesk.replies import WorkflowDoc
from flowdesk.show.paint import Paint
from flowdesk.show.table import Column
from flowdesk.show.text import day_time

REF = "http.webhook"
Rows = tuple[Sequence[Column], Sequence[Sequence[object]]]


def webhook_of(workflow: WorkflowDoc) -> dict[str, Any] | None:
    """The parameters of the workflow's webhook, if it has one."""
    step = next((step for step in workflow["steps"] if step.get("ref") == REF), None)
    return None if step is None else step.get("params") or {}


def proof_of(auth: str, preset: str | None) -> str:
    """How callers prove who they are."""
    return f"{auth}, {preset}" if preset is not None else auth


def hook_table(workflows: list[WorkflowDoc], paint: Paint) -> Rows:
    """One row for each workflow with a webhook; addresses are credentials, and not shown."""
    columns = [
        Column("workflow", prose=True, style=paint.bold),
        Column("id", style=paint.dim),
        Column("on"),
        Column("methods"),
        Column("callers prove"),
        Column("address"),
        Column("answer"),
    ]
    rows = []
    for workflow in workflows:
        params = webhook_of(workflow)
        if params is None:
            continue
        auth = params.get("auth") or {}
        kind = str(auth.get("kind", "none"))
        proof = proof_of(kind, str(auth.get("preset", "generic")) if kind == "hmac" else None)
        rows.append(
            (
                workflow["name"],
                workflow["id"],
                "yes" if workflow["enabled"] else "no",
                ", ".join(params.get("methods") or ["POST"]),
                proof,
                params.get("address", "id"),
                params.get("respond", "accepted"),
            )
        )
    return columns, rows


def hook_lines(hook: HookDoc, paint: Paint) -> list[str]:
    """Everything about one webhook, its addresses in full."""
    secrets = f"  with {', '.join(hook['secrets'])}" if hook["secrets"] else ""
    lines = [
        f"{paint.bold('callers prove')}  {clean(proof_of(hook['auth'], hook['preset']) + secrets)}",
        f"{paint.bold('methods')}        {clean(', '.join(hook['methods']))}",
    ]
    if not hook["enabled"]:
        lines.append("the workflow is off: nothing is there until it is enabled")
    if not hook["addresses"]:
        lines.append("no address leads here; flowdesk hooks rotate makes one")
    for address in hook["addresses"]:
        url = address["url"] or "an address made with another key of the server, which cannot be shown"
        ends = f"  until {day_time(address['endsAt'])}" if address["endsAt"] is not None else ""
        lines.append(f"{clean(url)}{paint.dim(ends)}")
    return lines


def verification_lines(said: VerificationDoc, paint: Paint) -> list[str]:
    """What checking a call said."""
    reason = clean(said.get("reason", ""))
    if said.get("accepted"):
        key = said.get("idempotencyKey")
        lines = [f"{paint.good('accepted')}  {reason}"]
        return [*lines, f"a repetition is known by {clean(key)}"] if key else lines
    field = said.get("field")
    return [f"{paint.bad('refused')}  {reason}{f' ({clean(field)})' if field else ''}  {clean(said.get('code') or '')}"]
