"""Choosing one of the samples that are kept with a workflow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from flowdesk.clean import clean, escape_json
from flowdesk.replies import SampleDoc
from flowdesk.show.text import day_time, shorten
from flowdesk.tui.draw.values import text_of

GOOD_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_PREVIEW: Final = 76
_PREVIEWED: Final = 2_000


class SamplesModal(ModalScreen[SampleDoc | None]):
    """Gives the sample, or None. Each is shown with when it was kept and how its data begins."""

    DEFAULT_CSS = """
    SamplesModal .dialog { width: 88; height: auto; }
    SamplesModal OptionList { height: auto; max-height: 16; }
    SamplesModal.-tiny OptionList { max-height: 7; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(self, samples: Sequence[SampleDoc]) -> None:
        super().__init__()
        self._samples = sorted(samples, key=lambda sample: sample["at"], reverse=True)

    def compose(self) -> ComposeResult:
        """The samples, newest first."""
        with Vertical(classes="dialog"):
            yield Static(Text("Samples", style="bold"), markup=False)
            yield OptionList(*(Option(_told(sample)) for sample in self._samples), markup=False)
            yield Static(Text("enter takes it, esc leaves"), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin to choose."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take it."""
        event.stop()
        self.dismiss(self._samples[event.option_index])

    def action_leave(self) -> None:
        """None of them."""
        self.dismiss(None)


def _told(sample: SampleDoc) -> Text:
    begins = clean(escape_json(" ".join(text_of(sample["data"])[:_PREVIEWED].split())))
    told = Text(f"{clean(sample['name'])}  ", style="bold")
    return told.append(f"{clean(day_time(sample['at']))}\n", style="not bold").append(
        f"  {shorten(begins, _PREVIEW)}", style="not bold dim"
    )


def wrong_name(typed: str) -> str | None:
    """Why this is no name for a sample; None when it is one."""
    if GOOD_NAME.match(typed):
        return None
    return "letters, digits, dots, dashes and underscores, 64 at most, beginning with a letter or digit"
