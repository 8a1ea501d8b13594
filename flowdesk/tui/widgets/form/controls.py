"""The list of suggestions under a text field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.binding import BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from flowdesk.tui.completion import Candidate
from flowdesk.tui.draw.fit import cut, fit

_LABEL_COLUMNS: Final = 20
_DETAIL_COLUMNS: Final = 33


class Suggestions(OptionList, can_focus=False):
    """What may stand at the cursor; the field keeps the focus and moves in here."""

    DEFAULT_CSS = """
    Suggestions {
        overlay: screen; constrain: inside inside; width: 60; max-width: 90%; height: auto; max-height: 10;
        border: round $border; background: $surface; padding: 0;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self) -> None:
        super().__init__()
        self.candidates: list[Candidate] = []

    def offer(self, candidates: Sequence[Candidate]) -> None:
        """Show these, the first one highlighted."""
        self.candidates = list(candidates)
        self.clear_options()
        self.add_options([Option(self._line(candidate)) for candidate in self.candidates])
        self.highlighted = 0

    @property
    def chosen(self) -> Candidate | None:
        """The highlighted one."""
        return None if self.highlighted is None else self.candidates[self.highlighted]

    def move(self, by: int) -> None:
        """Highlight another one."""
        if self.candidates:
            self.highlighted = ((self.highlighted or 0) + by) % len(self.candidates)

    @staticmethod
    def _line(candidate: Candidate) -> Content:
        detail = cut(candidate.detail, _DETAIL_COLUMNS)
        return Content.assemble(fit(candidate.label, _LABEL_COLUMNS), " ", (detail, "$text-muted"))
