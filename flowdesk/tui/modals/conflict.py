"""Two people changed the same: which of both stands, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.jsonio import dump_text
from flowdesk.clean import clean, escape_json
from flowdesk.same import same_json
from flowdesk.tui.document.merge import Conflict, Side
from flowdesk.tui.draw.paths import GONE

_WORDS = {"mine": "yours", "theirs": "theirs"}


class ConflictModal(ModalScreen[dict[str, Side] | None]):
    """Gives a choice for every conflict, by name; None leaves the draft as it was."""

    DEFAULT_CSS = """
    ConflictModal .dialog { width: 90%; height: 90%; }
    ConflictModal OptionList { height: auto; max-height: 8; border: none; background: $surface; }
    ConflictModal Horizontal { height: 1fr; }
    ConflictModal VerticalScroll { width: 1fr; border: round $border-blurred; }
    ConflictModal VerticalScroll Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("m", "choose('mine')", "Yours"),
        Binding("t", "choose('theirs')", "Theirs"),
        Binding("ctrl+s", "take", "Take over", priority=True),
    ]

    def __init__(self, conflicts: Sequence[Conflict], who: str) -> None:
        super().__init__()
        self._conflicts = list(conflicts)
        self._who = who
        self.choices: dict[str, Side] = {}

    def compose(self) -> ComposeResult:
        """The conflicts above, both sides of the highlighted one below."""
        with Vertical(classes="dialog"):
            yield Static(Text(clean(f"{self._who} saved meanwhile; both of you changed:"), style="bold"), markup=False)
            yield OptionList(*(Option(self._line(conflict)) for conflict in self._conflicts))
            with Horizontal():
                for side, title in (("mine", "Yours (m)"), ("theirs", "Theirs (t)")):
                    pane = VerticalScroll(Static("", id=side, markup=False))
                    pane.border_title = Content(title)
                    yield pane
            hint = "m keeps yours, t takes theirs, ctrl+s or enter when all are chosen, esc leaves everything as it was"
            yield Static(Text(hint), classes="hint", id="hint", markup=False)

    def on_mount(self) -> None:
        """Begin with the first."""
        self.query_one(OptionList).focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show both sides."""
        event.stop()
        conflict = self._conflicts[event.option_index]
        self.query_one("#mine", Static).update(_told(conflict.mine, conflict.theirs))
        self.query_one("#theirs", Static).update(_told(conflict.theirs, conflict.mine))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter takes the choices over."""
        event.stop()
        self.action_take()

    def action_choose(self, side: Side) -> None:
        """Choose about the highlighted one, and go to the next that needs it."""
        options = self.query_one(OptionList)
        at = options.highlighted
        if at is None:
            return
        self.choices[self._conflicts[at].name] = side
        options.replace_option_prompt_at_index(at, self._line(self._conflicts[at]))
        left = [i for i, conflict in enumerate(self._conflicts) if conflict.name not in self.choices]
        if left:
            options.highlighted = left[0]

    def action_take(self) -> None:
        """Answer, when nothing is left to choose."""
        left = len(self._conflicts) - len(self.choices)
        if left:
            self.query_one("#hint", Static).update(Text(f"{left} not chosen yet: m keeps yours, t takes theirs"))
        else:
            self.dismiss(self.choices)

    def action_leave(self) -> None:
        """Decide nothing."""
        self.dismiss(None)

    def _line(self, conflict: Conflict) -> Content:
        chosen = self.choices.get(conflict.name)
        mark = (f"  {_WORDS[chosen]}", "bold $text-success") if chosen else ("  ?", "$text-warning")
        return Content.assemble(clean(conflict.name), mark, (f"  {clean(_where(conflict))}", "$text-muted"))


def _where(conflict: Conflict) -> str:
    """What of it differs: `params, next`."""
    mine, theirs = conflict.mine, conflict.theirs
    if mine is GONE or theirs is GONE:
        return "you removed it" if mine is GONE else "they removed it"
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return ""
    return ", ".join(key for key in {**mine, **theirs} if not same_json(mine.get(key, GONE), theirs.get(key, GONE)))


def _told(value: object, other: object) -> Text:
    """A side as JSON lines; those that the other side has, too, step back."""
    if value is GONE:
        return Text("(removed)")
    lines, others = _lines(value), [] if other is GONE else _lines(other)
    same: set[int] = set()
    for block in SequenceMatcher(None, lines, others, autojunk=False).get_matching_blocks():
        same.update(range(block.a, block.a + block.size))
    return Text("\n").join(Text(clean(line), style="dim" if at in same else "bold") for at, line in enumerate(lines))


def _lines(value: object) -> list[str]:
    return escape_json(dump_text(value, pretty=True)).split("\n")
