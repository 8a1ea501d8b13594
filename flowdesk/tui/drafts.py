"""Where this session's drafts are, and whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowdesk.local import data_dir
from flowdesk.tui.document.drafts_store import DraftsStore

if TYPE_CHECKING:
    from flowdesk.tui.host import FlowApp


def store_of(app: FlowApp) -> DraftsStore:
    """The drafts on disk; a read-only session keeps none."""
    return DraftsStore(None if app.read_only else app.options.state_dir)


def whose(app: FlowApp) -> str:
    """The server that drafts of now belong to.

    The server of this machine is known by its data, since its port may be another at the next start.
    """
    connection = app.connection
    if connection is None:
        return ""
    if connection.target.source in ("local", "started"):
        return f"local:{data_dir(app.options.environ)}"
    return connection.target.url
