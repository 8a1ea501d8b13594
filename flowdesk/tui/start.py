"""From the first frame to the first area: connect, log in where the server asks, and begin anew when it was lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from flowdesk.tui import toast
from flowdesk.tui.servers import name_of
from flowdesk.tui.tasks import ENDLESS, task

if TYPE_CHECKING:
    from flowdesk.account_replies import WorkspaceDoc
    from flowdesk.child import Child
    from flowdesk.launch import Connection
    from flowdesk.renewal import SessionRenewal
    from flowdesk.tui.connecting import Connector
    from flowdesk.tui.host import FlowApp
    from flowdesk.tui.servers import KnownServer

FIRST_AREA: Final = "dashboard"
LAST_WORDS_S: Final = 1.0
MOST_COUNTED: Final = 50


class Starter:
    """Owns the connection. `connection` is None until there is one."""

    def __init__(self, app: FlowApp, connector: Connector) -> None:
        self._app = app
        self._connector = connector
        self._token: str | None = None
        """From a login in this session, which may not be remembered anywhere else."""
        self._renewal: SessionRenewal | None = None
        """How that token is renewed, when it is remembered nowhere else."""
        self.connection: Connection | None = None

    async def connect(self) -> None:
        """Get to the server and show the first area; what is wrong is shown where the person looks."""
        from flowdesk.errors import ClientError, NotAuthorised

        app = self._app
        app.live.become("connecting")
        try:
            while True:
                if self._token is not None and self.connection is not None:
                    self._token = self.connection.client.renewed_token or self._token
                connection = await self._connector.open(self._token)
                if self._renewal is not None:
                    connection.client.renew_with(self._renewal)
                try:
                    await self._introduce(connection)
                    break
                except NotAuthorised as error:
                    if error.status != 401:
                        raise
                    self._token = await self._log_in(connection, error)
                    if self._token is None:
                        app.live.become("offline", "not logged in")
                        return
        except ClientError as error:
            app.live.become("offline", toast.reason(error))
            return
        self.connection = connection
        app.live.attach(connection.client)
        if connection.child is not None:
            task(
                app, self._mourn(connection.child), what="Watching the engine", group=f"{ENDLESS}child", exclusive=True
            )
        await self._show_first(connection)
        app.call_after_refresh(app.options.settled)

    async def change_to(self, server: KnownServer) -> None:
        """Leave this server well and connect to another; nothing of the first stays on the screen."""
        app = self._app
        for trouble in await app.deferred.finish():
            toast.warn(app, trouble)
        left, going_on = app.server_name, await self.unfinished()
        await app.clear_areas()  # an editor keeps its draft under the name of the server it came from
        app.live.forget()
        await self.close()
        if going_on:
            toast.say(app, f"{left}: {going_on}")
        self._connector = self._connector.elsewhere(server.wish)
        self._token, self._renewal = server.token, None
        app.server_name, app.badge = server.name, ""
        await self.connect()

    async def close(self) -> None:
        """Leave the server; one that was started here ends."""
        self.connection = None
        await self._connector.close()

    async def unfinished(self) -> str:
        """What to say on leaving about runs that stop with the engine; nothing when it was not started here."""
        from engine.models.run import FINISHED, RunStatus
        from flowdesk.errors import ClientError

        if self.connection is None or self.connection.child is None or self._app.live.state != "connected":
            return ""
        waiting = [status.value for status in RunStatus if status not in FINISHED]
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                page = await self.connection.client.runs.list(status=waiting, limit=MOST_COUNTED)
        except (TimeoutError, ClientError):
            return ""  # a courtesy, and no reason to make anybody wait
        count = len(page.items)
        if not count:
            return ""
        return f"{count}{'+' if page.next_cursor else ''} run{'s go' if count > 1 else ' goes'} on at the next start"

    async def _introduce(self, connection: Connection) -> None:
        """Learn who we are and what the server is; NotAuthorised when it does not know us."""
        from importlib.metadata import version

        app, target = self._app, connection.target
        server = await connection.client.server()
        app.server_name = name_of(target, await self._workspace(connection))
        label = server.get("label") or ""
        app.badge = " ".join(filter(None, [label, "read-only" if app.read_only else ""]))
        theirs, ours = server.get("version"), version("flowdesk")
        if theirs != ours:
            toast.warn(app, f"the server is version {theirs}, this program {ours}; some things may not fit")

    async def _workspace(self, connection: Connection) -> WorkspaceDoc | None:
        """The workspace that was named, as the server knows it; None where none was."""
        from flowdesk.show.accounts import is_chosen

        named = connection.target.workspace
        if named is None:
            return None
        return next((one for one in await connection.client.workspaces.list() if is_chosen(one, named)), None)

    async def _log_in(self, connection: Connection, error: Exception) -> str | None:
        from flowdesk.tui.modals.login import LoginModal

        said = toast.reason(error) if connection.target.token else ""  # with no token sent, it only says that
        modal = LoginModal(connection, said)
        token = await self._app.push_screen_wait(modal)
        self._renewal = modal.renewal
        return token

    async def _show_first(self, connection: Connection) -> None:
        """Welcome for who has no workflow yet, else where the last session ended."""
        app = self._app
        if app.current_mode != "start":
            return
        if not (await connection.client.workflows.list(limit=1)).items and not app.read_only:
            from flowdesk.tui.screens.welcome import WelcomeScreen

            await app.go(FIRST_AREA)
            await app.push_screen(WelcomeScreen())
            return
        remembered = app.memory.get("area")
        await app.go(remembered if remembered in app.MODES and remembered != "start" else FIRST_AREA)

    async def _mourn(self, child: Child) -> None:
        """Say it when the engine that was started here ends; what is on the screen stays."""
        await child.ended()
        app = self._app
        if self.connection is not None and self.connection.child is child:
            app.live.detach()
            app.live.become("offline", f"engine stopped ({child.last_words()}); enter or F6 starts it again")
