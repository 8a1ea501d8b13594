"""The servers one can change to while FlowDesk is open: the one of this machine, and those in the contexts file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flowdesk import contexts
from flowdesk.launch import Wish

_NAMING: Final = ("FLOWDESK_URL", "FLOWDESK_CONTEXT", "FLOWDESK_TOKEN")


@dataclass(slots=True, frozen=True)
class KnownServer:
    """One server by the name of its context. `where` says what a person would call its place."""

    name: str
    where: str

    @property
    def wish(self) -> Wish:
        """What to ask of the connector for it."""
        return Wish(context=self.name)


def known_servers(environ: Mapping[str, str]) -> list[KnownServer]:
    """The local server first, then the contexts by name. Reads a file; BadContext when it cannot be read."""
    known = contexts.load(contexts.contexts_path(environ)).known
    return [
        KnownServer(contexts.LOCAL, "this machine"),
        *(KnownServer(name, context.url) for name, context in sorted(known.items())),
    ]


def environ_for_another(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what names the server of the start: its token must not be sent to another."""
    return {name: value for name, value in environ.items() if name not in _NAMING}
