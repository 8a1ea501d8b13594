"""What the documents of a workspace leave open: webhooks, secrets, API keys, members. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from engine.models.workflow import Workflow
from engine.secret_rows import SecretRow
from engine.tenancy import Credential, Member, MemberRole
from server.review.findings import Finding

WEBHOOK: Final = "http.webhook"
DAY_MS: Final = 86_400_000
IDLE_MS: Final = 90 * DAY_MS
LONG_TOLERANCE_MS: Final = 15 * 60_000
_UNTIMED: Final = frozenset({"github"})
"""Presets whose senders sign no time."""
_POWERFUL: Final = frozenset({MemberRole.OWNER, MemberRole.EDITOR})


def review_hooks(workflow: Workflow) -> Iterator[Finding]:
    """The webhooks of a workflow that takes calls."""
    if not workflow.enabled:
        return
    for step in workflow.steps:
        if step.ref == WEBHOOK:
            where = f"workflow {workflow.name} ({workflow.id}), step {step.id}"
            yield from _review_hook(step.params, where)


def _review_hook(params: Mapping[str, Any], where: str) -> Iterator[Finding]:
    auth = _mapping(params.get("auth"))
    kind = auth.get("kind", "none")
    if kind == "none":
        anywhere = "*" in (_mapping(params.get("cors")).get("origins") or ())
        yield Finding("hook.open_to_pages" if anywhere else "hook.open", where)
    if kind != "hmac":
        return
    preset = auth.get("preset", "generic")
    if preset in _UNTIMED or (preset == "generic" and not auth.get("timestampHeader")):
        yield Finding("hook.no_time", where, str(preset))
    elif (tolerance := auth.get("toleranceMs") or 0) > LONG_TOLERANCE_MS:
        yield Finding("hook.tolerance", where, f"{tolerance // 60_000} minutes")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def review_secrets(rows: Iterable[SecretRow], read: Collection[str], sent: Collection[str]) -> Iterator[Finding]:
    """Secrets, given the names that some workflow reads, and those among them that are not only compared with."""
    for row in rows:
        where = f"secret {row.name}"
        if row.name not in read:
            yield Finding("secret.unused", where)
        if not row.about.get("hosts") and (row.name in sent or row.name not in read):
            yield Finding("secret.unbound", where)


def review_keys(keys: Iterable[Credential], now: int) -> Iterator[Finding]:
    """API keys that have not expired."""
    for key in keys:
        if key.expires_at is not None and key.expires_at <= now:
            continue
        where = f"API key {key.about['name']} ({key.id})"
        if key.expires_at is None:
            yield Finding("key.no_end", where)
        seen = key.used_at or key.created_at
        if now - seen > IDLE_MS:
            yield Finding("key.unused", where, _days(now - seen))


def review_member(member: Member, called: str, seen: int, now: int) -> Iterator[Finding]:
    """A member of a shared workspace who was last `seen` then."""
    if now - seen > IDLE_MS:
        code = "member.inactive_power" if member.role in _POWERFUL else "member.inactive"
        yield Finding(code, f"{member.role} {called}", _days(now - seen))


def _days(ms: int) -> str:
    return f"{ms // DAY_MS} days"
