"""Keeping a token that a login in the terminal UI gave, as `flowdesk login` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flowdesk import contexts
from flowdesk.launch import Target


def remember_login(target: Target, token: str, email: str, environ: Mapping[str, str]) -> None:
    """Write the token into the contexts file (mode 0600), under the name this server has there or its host name."""
    path = contexts.contexts_path(environ)
    known = contexts.load(path)
    same = known.for_url(target.url)
    name = target.name or (same.name if same else urlsplit(target.url).netloc.replace(":", "-").strip("[]"))
    contexts.save(path, known.put(contexts.Context(name, target.url, token, email), use=False))
