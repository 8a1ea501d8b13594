"""Keys and clicks that come faster than the screen: each is handed on once the one before it has had its effect.

Textual hands a key to what has the focus at that moment, while the key before it is still on its way up to the binding
that will move the focus. After a fast `/4`, or on a machine that has fallen behind, the 4 would lead to another area
instead of being typed into the filter. And a click must not overtake the keys before it, or their rest would be typed
where it led.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from textual.app import App
from textual.dom import DOMNode
from textual.errors import NoWidget
from textual.events import Event, Key, MouseDown, MouseEvent, MouseUp, Paste
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.timer import Timer

PATIENCE_S: Final = 1.0
"""A key whose effect takes longer is not waited for: what people type then may be meant for now."""
_ROUNDS: Final = 2
"""Up to the application with the key itself, then with the message that its binding may have sent to a widget."""


class TypeAhead:
    """Holds keys back. `takes` is asked about every event; what it does not take is for `pass_on`."""

    def __init__(self, app: App[Any], handle: Callable[[Event], Any]) -> None:
        self._app, self._handle = app, handle
        self._held: deque[Event] = deque()
        self._turn = 0
        self._patience: Timer | None = None
        """Runs while a key is on its way."""

    def takes(self, event: Event) -> bool:
        """Whether the event is a key or a click that has to wait."""
        if not _given(event) or self._patience is None:
            return False
        self._held.append(event)
        return True

    async def pass_on(self, event: Event) -> None:
        """Handle an event that does not have to wait."""
        if not _given(event):
            await self._handle(event)
            return
        self._turn += 1
        turn, before = self._turn, self._place()
        start = self._receiver(event)
        self._patience = self._app.set_timer(PATIENCE_S, lambda: self._done(turn))
        await self._handle(event)
        self._climb(start, turn, _ROUNDS, start, before)

    def _climb(self, node: MessagePump, turn: int, rounds: int, start: DOMNode, before: object) -> None:
        """Go the way of the key, behind it: each step is a message at the end of a queue that the key was in."""
        if node is self._app:
            if rounds > 1:
                self._app.call_later(self._climb, start, turn, rounds - 1, start, before)
            else:
                self._app.call_later(self._settle, turn, before)
            return
        parent = node._parent or self._app
        if not node.call_later(self._climb, parent, turn, rounds, start, before):
            self._climb(self._app, turn, rounds, start, before)  # the key has removed what it was meant for

    def _settle(self, turn: int, before: object) -> None:
        """Where the key has led to another screen or field, that has to be there first."""
        if self._place() != before:
            self._app.screen.call_after_refresh(self._app.call_later, self._done, turn)
        else:
            self._app.call_later(self._done, turn)

    async def _done(self, turn: int) -> None:
        """The next one, if nobody said so before."""
        if turn != self._turn or self._patience is None:
            return
        self._patience.stop()
        self._patience = None
        if self._held:
            await self.pass_on(self._held.popleft())

    def _receiver(self, event: Event) -> DOMNode:
        if isinstance(event, MouseEvent):
            try:
                return self._app.get_widget_at(event.x, event.y)[0]
            except NoWidget:
                return self._app.screen
        return self._app.focused or self._app.screen

    def _place(self) -> tuple[Screen[Any], DOMNode | None]:
        return self._app.screen, self._app.focused


def _given(event: Event) -> bool:
    return isinstance(event, Key | Paste | MouseDown | MouseUp) and not event.is_forwarded
