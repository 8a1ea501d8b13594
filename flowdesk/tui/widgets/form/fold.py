"""A heading that hides what is below it; what is below is made when it is first opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from flowdesk.clean import clean
from flowdesk.tui import keys
from flowdesk.tui.widgets.form.draft import Signs


class FoldTitle(Static, can_focus=True):
    """The heading itself."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("fold")]

    async def action_fold_toggle(self) -> None:
        """Open or close."""
        await self._fold().toggle()

    async def on_click(self, event: events.Click) -> None:
        """The same with the mouse."""
        event.stop()
        await self._fold().toggle()

    def _fold(self) -> Fold:
        fold = self.parent
        assert isinstance(fold, Fold)  # noqa: S101 - only a Fold makes one
        return fold


class Fold(Vertical):
    """`covers` tells whether the field of a path is inside."""

    DEFAULT_CSS = """
    Fold { height: auto; }
    Fold > FoldTitle { height: 1; text-style: bold; }
    Fold > FoldTitle:focus { background: $accent 30%; }
    Fold.-wrong > FoldTitle { color: $text-error; }
    Fold > .inside { height: auto; padding-left: 2; }
    Fold.-closed > .inside { display: none; }
    """
    HELP = "`enter` opens and closes these fields."

    def __init__(
        self,
        title: str,
        build: Callable[[], Iterable[Widget]],
        *,
        covers: Callable[[str], bool],
        opened: bool,
        signs: Signs,
    ) -> None:
        super().__init__(classes="" if opened else "-closed")
        self._title, self._build, self._opened = clean(title), build, opened
        self._built = opened
        self.covers = covers
        self._signs = signs

    @property
    def opened(self) -> bool:
        """Whether the fields are to be seen."""
        return self._opened

    def compose(self) -> ComposeResult:
        """Heading and, when open, the fields."""
        yield FoldTitle(self._heading(), markup=False)
        yield Vertical(*(self._build() if self._opened else ()), classes="inside")

    async def toggle(self) -> None:
        """Open when closed, close when open."""
        await self.unfold() if not self._opened else self._show(False)

    async def unfold(self) -> None:
        """Open, whatever it was."""
        if not self._built:
            self._built = True
            await self.query_one(".inside", Vertical).mount(*self._build())
        self._show(True)

    def _show(self, opened: bool) -> None:
        self._opened = opened
        self.set_class(not opened, "-closed")
        self.query_one(FoldTitle).update(self._heading())

    def _heading(self) -> Content:
        return Content(f"{self._signs.opened if self._opened else self._signs.closed} {self._title}")
