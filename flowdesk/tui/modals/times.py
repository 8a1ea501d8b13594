"""The times of a schedule between two moments; where they are past, and it is wanted, those without a run are run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from flowdesk.clean import clean
from flowdesk.errors import ClientError
from flowdesk.show.paint import Paint
from flowdesk.show.schedules import preview_lines
from flowdesk.tui import toast
from flowdesk.tui.draw.moments import EXAMPLES, moment
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.text_fields import LineInput

Find = Callable[[str | None, str | None], Awaitable[Mapping[str, Any]]]
Run = Callable[[str, str], Awaitable[str]]
"""Runs the times between two moments; gives what to say of it. What it raises is told in the dialog."""
_PAUSE_S: Final = 0.2
_MANY: Final = 20
"""So many runs are not begun by a mere enter."""


class TimesModal(ModalScreen[str | None]):
    """With `run`, enter runs what is shown and gives what was done; without, it is only looked at."""

    DEFAULT_CSS = """
    TimesModal .dialog { width: 84; height: 22; }
    TimesModal Horizontal { height: 1; }
    TimesModal .label { width: 8; }
    TimesModal Input { width: 1fr; border: none; height: 1; padding: 0 1; background: $boost; }
    TimesModal Input:focus { background: $panel; }
    TimesModal VerticalScroll { height: 1fr; margin-top: 1; }
    TimesModal VerticalScroll Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(
        self,
        title: str,
        find: Find,
        run: Run | None = None,
        *,
        now: Callable[[], datetime],
        zone: tzinfo | None = None,
        since: str = "now",
        until: str = "",
    ) -> None:
        super().__init__()
        self._title, self._find, self._run = title, find, run
        self._now, self._zone = now, zone
        self._given = {"since": since, "until": until}
        self._typed = [since, until]
        self._pause: asyncio.TimerHandle | None = None
        self._found: Mapping[str, Any] | None = None

    def compose(self) -> ComposeResult:
        """Two moments, and the times between them."""
        with Vertical(classes="dialog"):
            yield Static(Text(clean(self._title), style="bold"), markup=False)
            for name, label in (("since", "From"), ("until", "To")):
                with Horizontal():
                    yield Static(Text(label), classes="label", markup=False)
                    yield LineInput(self._given[name], placeholder=EXAMPLES, id=name, compact=True)
            with VerticalScroll(can_focus=True):
                yield Static("", id="times", markup=False)
            yield Static("", id="wrong", classes="problem", markup=False)
            hint = "enter runs those that had no run · esc leaves" if self._run else "esc leaves"
            yield Static(Text(hint), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Show the times at once."""
        self.query_one("#since", Input).focus()
        self._look()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look again when the typing pauses; until then nothing can be run."""
        event.stop()
        typed = [field.value for field in self.query(Input)]
        if typed == self._typed:  # a field says so when it is first shown, too
            return
        self._typed, self._found = typed, None
        if self._pause is not None:
            self._pause.cancel()
        self._pause = asyncio.get_running_loop().call_later(_PAUSE_S, self._look)

    def on_unmount(self) -> None:
        """Ask nothing any more."""
        if self._pause is not None:
            self._pause.cancel()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run them, once they are known."""
        event.stop()
        if self._run is not None and self._found is not None and self._found["times"]:
            task(self, self._do(self._run, self._found), what="Running the times", group="run", exclusive=True)

    def action_leave(self) -> None:
        """Run nothing."""
        self.dismiss(None)

    def _window(self) -> tuple[str | None, str | None]:
        typed = [self.query_one(f"#{name}", Input).value for name in ("since", "until")]
        since, until = (moment(text, self._now(), self._zone).isoformat() if text.strip() else None for text in typed)
        return since, until

    def _look(self) -> None:
        self._pause = None
        task(self, self._read(), what="Reading the times", group="times", exclusive=True)

    async def _read(self) -> None:
        try:
            found = await self._find(*self._window())
        except ValueError as error:
            self._tell("", str(error))
        except ClientError as error:
            self._tell("", toast.reason(error))
        else:
            self._found = found
            self._tell(self._told(found), "")

    def _told(self, found: Mapping[str, Any]) -> str:
        if self._run is None:
            return "\n".join(preview_lines(found, Paint()))
        count = f"{len(found['times'])}{' or more' if found['more'] else ''}"
        lines = preview_lines({**found, "outages": []}, Paint())
        return "\n".join([lines[0], f"{count} in this window; those that had a run are left out", *lines[1:]])

    async def _do(self, run: Run, found: Mapping[str, Any]) -> None:
        since, until = self._window()
        count = len(found["times"])
        if count > _MANY or found["more"]:
            asked = ConfirmModal(f"Run {count}{' or more' if found['more'] else ''} times?", yes="Run them", no="Back")
            if not await self.app.push_screen_wait(asked):
                return
        try:
            self.dismiss(await run(since or "", until or self._now().isoformat()))
        except ClientError as error:
            self._tell(self._told(found), toast.reason(error))

    def _tell(self, times: str, wrong: str) -> None:
        self.query_one("#times", Static).update(Text(times))
        self.query_one("#wrong", Static).update(Text(clean(wrong)))
