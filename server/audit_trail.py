"""What is written down of every change: who, what, from where, and hashes of the document before and after it.

An entry is written after its change and before the answer, so whoever was told of a success finds it in the log.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, is_dataclass
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic import BaseModel

from engine.clock import Clock, now_ms
from engine.errors import Unavailable
from engine.ids import new_id
from engine.tenancy import Audit, AuditEntry
from server.keys import CHANGE, CREDENTIAL, PLACE, USER, Change, address_of
from server.logs import request_id

MAX_TARGET: Final = 200

log = logging.getLogger("flowdesk.server")


def fingerprint(document: Any) -> str | None:
    """The hash by which one form of a document is told from another; None for none."""
    if document is None:
        return None
    plain = document.model_dump(mode="json") if isinstance(document, BaseModel) else document
    if is_dataclass(plain) and not isinstance(plain, type):
        plain = asdict(plain)
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def changed(
    request: web.Request,
    target: str,
    *,
    before: Any = None,
    after: Any = None,
    workspace_id: str | None = None,
    user_id: str | None = None,
) -> None:
    """Say what a handler has changed: a document, row or plain value as it was and as it is."""
    request[CHANGE] = Change(target, fingerprint(before), fingerprint(after), workspace_id, user_id)


class Trail:
    """Writes entries."""

    def __init__(self, audit: Audit, clock: Clock = now_ms) -> None:
        self._audit = audit
        self._clock = clock

    async def record(self, request: web.Request, action: str) -> None:
        """An entry for a change this request has made."""
        found = request.get(CHANGE) or Change(_target(request), None, None, None)
        now = self._clock()
        entry = AuditEntry(
            id=new_id(now),
            at=now,
            workspace_id=found.workspace_id or request[PLACE].workspace_id,
            user_id=found.user_id or request[USER].id,
            action=action,
            target=found.target[:MAX_TARGET],
            before=found.before,
            after=found.after,
            credential_id=request.get(CREDENTIAL),
            address=address_of(request),
            request_id=request_id(),
        )
        try:
            await self._audit.append(entry)
        except Unavailable as error:
            log.error("a change was made that the audit log could not take: %s %s", action, found.target)
            raise Unavailable(
                "the change was made, but could not be written to the audit log",
                code="audit_unavailable",
                hint="look before you do it again",
            ) from error


def _target(request: web.Request) -> str:
    values = list(request.match_info.values())
    return values[0] if values else ""
