"""Secrets as a table and as lines; there is no value to show."""

from __future__ import annotations

from collections.abc import Sequence

from flowdesk.clean import clean
from flowdesk.secret_replies import SecretDoc
from flowdesk.show.paint import Paint
from flowdesk.show.table import Column
from flowdesk.show.text import day_time

Rows = tuple[Sequence[Column], Sequence[Sequence[object]]]


def used_by(secret: SecretDoc) -> str:
    """The first workflow that reads it, and how many more do."""
    usages = secret["usedBy"]
    if not usages:
        return ""
    more = f" (+{len(usages) - 1})" if len(usages) > 1 else ""
    return f"{usages[0]['workflowName']}{more}"


def kind_of(secret: SecretDoc) -> str:
    """Where its value comes from, and how a connection is."""
    connection = secret["connection"]
    return secret["kind"] if connection is None else f"{secret['kind']}, {connection['state']}"


def secret_table(secrets: list[SecretDoc], paint: Paint) -> Rows:
    """One row for each secret."""
    columns = [
        Column("name", style=paint.bold),
        Column("kind"),
        Column("hosts", prose=True),
        Column("used by", prose=True),
        Column("changed", style=paint.dim),
        Column("last used", style=paint.dim),
    ]
    rows = [
        (
            secret["name"],
            kind_of(secret),
            ", ".join(secret["hosts"]) or "any",
            used_by(secret),
            day_time(secret["updatedAt"]),
            day_time(secret["lastUsedAt"]) or "never",
        )
        for secret in secrets
    ]
    return columns, rows


def secret_lines(secret: SecretDoc, paint: Paint) -> list[str]:
    """Everything about one secret."""
    lines = [f"{paint.bold(clean(secret['name']))}  {clean(kind_of(secret))}"]
    connection = secret["connection"]
    told = [
        ("for", secret["description"]),
        ("sent to", ", ".join(secret["hosts"]) or "any host"),
        ("kept in", secret["source"]),
        ("problem", connection and connection["problem"]),
        ("token until", connection and connection["expiresAt"] and day_time(connection["expiresAt"])),
        ("scopes", connection and " ".join(connection["scopes"])),
        ("changed", day_time(secret["updatedAt"])),
        ("last used", day_time(secret["lastUsedAt"]) or "never"),
    ]
    lines += [f"  {label:12} {clean(str(text))}" for label, text in told if text]
    for usage in secret["usedBy"]:
        steps = ", ".join(usage["stepIds"])
        lines.append(f"  {'read by':12} {clean(usage['workflowName'])}  {paint.dim(clean(f'in {steps}'))}")
    if not secret["usedBy"]:
        lines.append(f"  {'read by':12} no workflow")
    return lines
