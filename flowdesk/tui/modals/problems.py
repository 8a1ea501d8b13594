"""Everything that is wrong with a workflow; choosing a line goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import Problem
from flowdesk.clean import clean


class ProblemsModal(ModalScreen[int | None]):
    """Gives the number of the problem that was chosen (from 0), or None; what would cure it stands below the list."""

    DEFAULT_CSS = """
    ProblemsModal .dialog { width: 96; height: auto; }
    ProblemsModal OptionList { height: auto; max-height: 16; border: none; background: $surface; }
    ProblemsModal.-tiny OptionList { max-height: 8; }
    ProblemsModal #cure { height: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, problems: Sequence[Problem], at: int) -> None:
        """`at` is where to stand first."""
        super().__init__()
        self._problems = problems
        self._at = at

    def compose(self) -> ComposeResult:
        """One line for each."""
        count = len(self._problems)
        with Vertical(classes="dialog"):
            yield Static(Text("1 problem" if count == 1 else f"{count} problems", style="bold"), markup=False)
            yield OptionList(*(Option(_line(problem)) for problem in self._problems))
            yield Static("", id="cure", classes="hint", markup=False)
            yield Static(Text("enter goes there, esc leaves"), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin with the last one that was visited."""
        listed = self.query_one(OptionList)
        listed.highlighted = min(self._at, len(self._problems) - 1)
        listed.focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show what would cure it."""
        event.stop()
        self.query_one("#cure", Static).update(Text(clean(self._problems[event.option_index].hint or "")))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """This one."""
        event.stop()
        self.dismiss(event.option_index)

    def action_leave(self) -> None:
        """None of them."""
        self.dismiss(None)


def _line(problem: Problem) -> Content:
    where = " · ".join(clean(part) for part in (problem.step_id, problem.field) if part)
    if not where and problem.line is not None:
        where = f"line {problem.line}"
    return Content.assemble((f"{where or 'workflow'}  ", "$text-muted"), clean(problem.message))
