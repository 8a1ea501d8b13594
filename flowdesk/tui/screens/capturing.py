"""Keeping the next webhook of a workflow as a sample: begun, told while it lasts, and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from flowdesk.errors import Missing, TimedOut, Unreachable
from flowdesk.tui import toast
from flowdesk.tui.tasks import ENDLESS, task

if TYPE_CHECKING:
    from flowdesk.tui.screens.base import FlowScreen

WEBHOOK: Final = "http.webhook"
LOOK_EACH_S: Final = 2.0


@dataclass(slots=True, frozen=True)
class Capture:
    """A workflow whose next webhook is kept, until a time."""

    name: str
    until: datetime


class Captures:
    """The captures a screen looks after; `changed` is called whenever one begins or ends."""

    def __init__(self, screen: FlowScreen, changed: Callable[[], None]) -> None:
        self._screen = screen
        self._changed = changed
        self._under_way: dict[str, Capture] = {}

    @property
    def note(self) -> str:
        """`◉ capturing order-intake until 12:14`, for the header; empty when nothing is captured."""
        sign = "(*)" if self._screen.flow.ascii else "◉"
        told = [f"{c.name} until {c.until.astimezone():%H:%M}" for c in self._under_way.values()]
        return f"{sign} capturing {', '.join(told)}" if told else ""

    async def look(self, workflow_id: str, name: str) -> bool:
        """Whether the server waits for a webhook of this workflow; if so it is looked after from now on."""
        found = await self._screen.live.client.practice.capturing(workflow_id)
        if found["until"] is None:
            return False
        self._watch(workflow_id, name, found["until"])
        return True

    async def switch(self, workflow_id: str, name: str) -> None:
        """Begin, or stop what was begun here or elsewhere."""
        practice = self._screen.live.client.practice
        if await self.look(workflow_id, name):
            await practice.stop_capturing(workflow_id)
            self._forget(workflow_id)
            toast.say(self._screen, f"webhooks of {name} start runs again")
        elif await self._screen.may_write(f"Capture the next webhook of {name}"):
            begun = await practice.capture(workflow_id)
            if begun["until"] is not None:
                self._watch(workflow_id, name, begun["until"])
                said = f"the next webhook of {name} is kept as a sample and starts no run; W stops waiting"
                toast.say(self._screen, said)

    def _watch(self, workflow_id: str, name: str, until: str) -> None:
        self._under_way[workflow_id] = Capture(name, datetime.fromisoformat(until))
        self._changed()
        task(self._screen, self._follow(), what="Waiting for the webhook", group=f"{ENDLESS}capture", exclusive=True)

    def _forget(self, workflow_id: str) -> None:
        if self._under_way.pop(workflow_id, None) is not None:
            self._changed()

    async def _follow(self) -> None:
        """Look again and again while anything is captured; a server that is away for a while is waited for."""
        while self._under_way:
            await asyncio.sleep(LOOK_EACH_S)
            for workflow_id, capture in list(self._under_way.items()):
                try:
                    await self._look_again(workflow_id, capture)
                except (Unreachable, TimedOut):
                    continue
                except Missing:
                    self._forget(workflow_id)

    async def _look_again(self, workflow_id: str, capture: Capture) -> None:
        practice = self._screen.live.client.practice
        if (await practice.capturing(workflow_id))["until"] is not None or workflow_id not in self._under_way:
            return
        kept: list[Any] = [*await practice.samples(workflow_id)]
        newest = max(kept, key=lambda sample: datetime.fromisoformat(sample["at"]), default=None)
        self._forget(workflow_id)
        if newest is not None and self._screen.flow.clock() < capture.until:
            toast.say(self._screen, f"a webhook of {capture.name} is kept as the sample {newest['name']}")
        else:
            toast.say(self._screen, f"no webhook of {capture.name} came; they start runs again")
