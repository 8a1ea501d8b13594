"""Getting to a server for the terminal UI, and leaving it: the local one (started when needed) or a named one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol

from flowdesk.tui.servers import environ_for_another

if TYPE_CHECKING:
    from flowdesk.launch import Connection, Wish


class Connector(Protocol):
    """Opens connections; one at a time."""

    async def open(self, token: str | None = None) -> Connection:
        """A connection, with this token when one is given; a ClientError when there is none to be had."""
        ...

    async def close(self) -> None:
        """Leave; a server that was started for us leaves too."""
        ...

    def elsewhere(self, wish: Wish) -> Connector:
        """One that opens another server; this one has to be closed first."""
        ...


class ServerConnector:
    """The real one. `wish` says which server is meant."""

    def __init__(self, wish: Wish, environ: Mapping[str, str]) -> None:
        self._wish = wish
        self._environ = environ
        self._stack: AsyncExitStack | None = None

    async def open(self, token: str | None = None) -> Connection:
        """Attach to the server that is meant, or start the local one."""
        from flowdesk.launch import connect

        await self.close()
        environ = {**self._environ, "FLOWDESK_TOKEN": token} if token else self._environ
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(connect(self._wish, environ, lasting=True))
            self._stack = stack.pop_all()
        return connection

    async def close(self) -> None:
        """End the connection, and the server that was started for it."""
        if self._stack is not None:
            stack, self._stack = self._stack, None
            await stack.aclose()

    def elsewhere(self, wish: Wish) -> ServerConnector:
        """One for the server that is wished, which gets no token that was given for this one."""
        return ServerConnector(wish, environ_for_another(self._environ))
