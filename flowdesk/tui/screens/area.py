"""What the areas share: one list of things that stays true while it is looked at, and actions on what is marked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Final, TypeVar, cast

from textual.binding import BindingType
from textual.timer import Timer

from flowdesk.replies import EventDoc
from flowdesk.tui import keys, toast
from flowdesk.tui.screens.base import FlowScreen
from flowdesk.tui.widgets.listing import Listing

T = TypeVar("T")
REFRESH_S: Final = 0.5
"""However much happens, a list is read again at most so often."""
_TICK_S: Final = 1.0


class AreaScreen(FlowScreen):
    """A screen around one Listing. Subclasses name the `area` and yield the listing in `compose_body`."""

    area: ClassVar[str]
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self) -> None:
        super().__init__()
        self._soon: Timer | None = None
        self._stale = True
        self._refusals: tuple[str | None, ...] | None = None

    @property
    def listing(self) -> Listing[Any]:
        """The list of this area."""
        return self.query_one(Listing)

    def crumbs(self) -> list[str]:
        """The area's name."""
        return [self.area]

    def on_mount(self) -> None:
        """Follow what happens."""
        self.live.events.subscribe(self, self.happened)
        self.live.missed.subscribe(self, lambda _: self.refresh_soon())
        self.app.theme_changed_signal.subscribe(self, lambda _: self._redraw())
        for listing in self.query(Listing):
            kept = self.flow.memory.get(self._memory_of(listing))
            if isinstance(kept, list) and len(kept) == 2:
                listing.sort_by(str(kept[0]), reverse=kept[1] is True)
        self.set_interval(_TICK_S, self._tick)
        self.listing.table.focus()

    def on_screen_resume(self) -> None:
        """Read again what changed while another screen was on top."""
        if self._stale and self.live.attached:
            self._stale = False
            self.reload()

    def reload(self) -> None:
        """Read what the screen shows again."""
        self.listing.reload()

    def refresh_soon(self) -> None:
        """Read again shortly; later calls until then add nothing. A hidden screen waits until it is shown."""
        if not self.is_current:
            self._stale = True
        elif self._soon is None:
            self._soon = self.set_timer(REFRESH_S, self._refresh)

    def concerns(self, event: EventDoc) -> bool:
        """Whether this event changes what the list shows: every one but log lines, unless told otherwise."""
        return event["type"] != "step.log"

    def on_listing_changed(self, message: Listing.Changed) -> None:
        """Say how much is shown, and let keys follow the cursor."""
        message.stop()
        self.show_place(self.note(message.listing))
        refused = tuple(self.why_not(act.id) for act in keys.SCOPES[self.area.lower()])
        if refused != self._refusals:  # the footer is not cheap, and the cursor may be moving fast
            self._refusals = refused
            self.refresh_bindings()

    def on_listing_arranged(self, message: Listing.Arranged) -> None:
        """Sort this list the same way in the next session."""
        rows = message.listing.rows
        self.flow.memory.put(
            self._memory_of(message.listing), [rows.sorted_by.key, rows.reverse] if rows.sorted_by else None
        )

    def _memory_of(self, listing: Listing[Any]) -> str:
        return f"sort.{type(self).__name__}.{listing.name or ''}"

    def note(self, listing: Listing[Any]) -> str:
        """How much is shown and marked, for the header."""
        shown, held, marked = len(listing.rows.shown), len(listing.rows.items), len(listing.marked)
        more = "+" if listing.cursor else ""
        note = f"{shown:,} of {held:,}{more}" if shown != held else f"{shown:,}{more}"
        return f"{marked} marked · {note}" if marked else note

    async def each(self, chosen: Sequence[T], done: str, act: Callable[[T], Awaitable[object]]) -> None:
        """Do it for all that was chosen, then say what really happened: how many, and why the others did not."""
        from flowdesk.errors import ClientError

        refused: list[ClientError] = []
        for item in chosen:
            try:
                await act(item)
            except ClientError as error:
                refused.append(error)
        if len(refused) < len(chosen):
            count = len(chosen) - len(refused)
            toast.say(self, done if len(chosen) == 1 else f"{done}: {count} of {len(chosen)}")
        for reason in refused[:3]:
            toast.warn(self, f"not {done}: {toast.reason(reason)}")
        self.listing.unmark()
        self.reload()

    def happened(self, events: list[EventDoc]) -> None:
        """Read again soon when something of it concerns the list."""
        if any(self.concerns(event) for event in events):
            self.refresh_soon()

    def _redraw(self) -> None:
        for listing in self.query(Listing):
            listing.redraw()

    def _tick(self) -> None:
        """Times go on; only rows that can be seen are looked at, and only on the screen that is shown."""
        if self.is_current:
            for listing in self.query(Listing):
                listing.tick()

    def _refresh(self) -> None:
        self._soon = None
        if self.is_current:
            self.reload()
        else:
            self._stale = True

    def current_as(self, _kind: type[T]) -> T | None:
        """The thing under the cursor, by its type."""
        return cast("T | None", self.listing.current)
