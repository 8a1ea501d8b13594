"""Keeping a token that a login in the terminal UI gave, as `flowdesk login` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flowdesk import contexts
from flowdesk.launch import Target

if TYPE_CHECKING:
    from flowdesk.replies import Session


def remember_login(target: Target, session: Session, email: str, environ: Mapping[str, str]) -> None:
    """Write the tokens into the contexts file (mode 0600), under the name this server has there or its host name."""
    path = contexts.contexts_path(environ)
    known = contexts.load(path)
    same = known.for_url(target.url)
    name = target.name or (same.name if same else urlsplit(target.url).netloc.replace(":", "-").strip("[]"))
    before = known.known.get(name)
    workspace = before.workspace if before is not None and before.email == email else None
    more = (workspace, session.get("deviceToken"), session.get("refreshToken"))
    context = contexts.Context(name, target.url, session["token"], email, *more)
    contexts.save(path, known.put(context, use=False))
