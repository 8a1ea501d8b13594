"""Leaving by ctrl+c, which ends most other programs: said once, asked the second time, never done at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from flowdesk.tui import toast
from flowdesk.tui.tasks import task

if TYPE_CHECKING:
    from flowdesk.tui.host import FlowApp

AGAIN_S: Final = 2.0
"""Two presses within this time are meant."""


class Leaving:
    """Counts the presses of ctrl+c that had nothing to copy."""

    def __init__(self, app: FlowApp) -> None:
        self._app = app
        self._last = -AGAIN_S

    def pressed(self) -> None:
        """Say how to leave; asked again at once, ask."""
        now = time.monotonic()
        if now - self._last < AGAIN_S:
            self._last = -AGAIN_S
            task(self._app, self._ask(), what="Leaving", group="leave", exclusive=True)
        else:
            self._last = now
            toast.say(self._app, "nothing is selected; ctrl+q leaves FlowDesk, ctrl+c again asks first")

    async def _ask(self) -> None:
        from flowdesk.tui.modals.confirm import ConfirmModal

        detail = "Unfinished runs go on at the next start." if self._owns_engine() else ""
        if await self._app.push_screen_wait(ConfirmModal("Leave FlowDesk?", yes="Leave", detail=detail)):
            await self._app.leave()

    def _owns_engine(self) -> bool:
        connection = self._app.connection
        return connection is not None and connection.child is not None
