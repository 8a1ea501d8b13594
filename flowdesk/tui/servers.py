"""What one can change to while FlowDesk is open: the server of this machine, those in the contexts file, workspaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flowdesk import contexts

if TYPE_CHECKING:
    from flowdesk.account_replies import WorkspaceDoc
    from flowdesk.launch import Target, Wish

_NAMING: Final = ("FLOWDESK_URL", "FLOWDESK_CONTEXT", "FLOWDESK_TOKEN", "FLOWDESK_WORKSPACE")


@dataclass(slots=True, frozen=True)
class KnownServer:
    """One server by the name of its context, or a workspace there. `where` says what a person would call its place."""

    name: str
    where: str
    meant: Wish | None = None
    token: str | None = field(default=None, repr=False)
    """For a workspace of the server that is open: what was good for that one."""

    @property
    def wish(self) -> Wish:
        """What to ask of the connector for it."""
        from flowdesk.launch import Wish  # brings the HTTP client along, which no first frame waits for

        return self.meant or Wish(context=self.name)


def known_servers(environ: Mapping[str, str]) -> list[KnownServer]:
    """The local server first, then the contexts by name. Reads a file; BadContext when it cannot be read."""
    known = contexts.load(contexts.contexts_path(environ)).known
    return [
        KnownServer(contexts.LOCAL, "this machine"),
        *(KnownServer(name, context.url) for name, context in sorted(known.items())),
    ]


def by_address(typed: str) -> KnownServer:
    """The server at an address; BadContext for what cannot be one. A token that is kept for it is found there."""
    from flowdesk.launch import Wish

    url = contexts.checked_url(typed)
    return KnownServer(urlsplit(url).netloc, url, Wish(url=url))


def name_of(target: Target, workspace: WorkspaceDoc | None) -> str:
    """What the header calls this server, and the workspace there when it is not the personal one."""
    name = target.name or (contexts.LOCAL if target.source in ("local", "started") else target.url)
    return name if workspace is None or workspace["personal"] else f"{name} · {workspace['name']}"


def workspaces_of(target: Target, found: Sequence[WorkspaceDoc]) -> list[KnownServer]:
    """The workspaces of the server that is open; none for somebody who is only in their own."""
    if len(found) < 2:
        return []
    from flowdesk.launch import Wish

    url = target.url if target.source == "address" else None
    context = None if url else target.name or contexts.LOCAL
    return [
        KnownServer(
            name_of(target, one),
            "your own workspace" if one["personal"] else f"workspace, {one['role'] or 'administrator'}",
            Wish(url, context, "personal" if one["personal"] else one["id"]),
            target.token,
        )
        for one in found
    ]


def environ_for_another(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what names the server of the start: its token must not be sent to another."""
    return {name: value for name, value in environ.items() if name not in _NAMING}
