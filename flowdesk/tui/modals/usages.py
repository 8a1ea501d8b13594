"""Which steps read a secret; choosing one opens it in the editor."""

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

from flowdesk.clean import clean
from flowdesk.secret_replies import UsageDoc

Place = tuple[str, str]


class UsagesModal(ModalScreen[Place | None]):
    """Gives the workflow and the step that were chosen, or None."""

    DEFAULT_CSS = """
    UsagesModal .dialog { width: 84; height: auto; }
    UsagesModal OptionList { height: auto; max-height: 16; border: none; background: $surface; }
    UsagesModal.-tiny OptionList { max-height: 8; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, name: str, usages: Sequence[UsageDoc]) -> None:
        super().__init__()
        self._name = name
        self._places = [
            (usage["workflowId"], step, usage["workflowName"]) for usage in usages for step in usage["stepIds"]
        ]

    def compose(self) -> ComposeResult:
        """One row for each step."""
        with Vertical(classes="dialog"):
            yield Static(Text(f"{clean(self._name)} is read by", style="bold"), markup=False)
            yield OptionList(
                *(
                    Option(Content.assemble(clean(name), (f"  in {clean(step)}", "$text-muted")))
                    for _id, step, name in self._places
                )
            )
            yield Static(Text("enter opens the step in the editor, esc leaves"), classes="hint", markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """This one."""
        event.stop()
        workflow_id, step, _name = self._places[event.option_index]
        self.dismiss((workflow_id, step))

    def action_leave(self) -> None:
        """None of them."""
        self.dismiss(None)
