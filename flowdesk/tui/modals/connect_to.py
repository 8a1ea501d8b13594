"""Where a step leads: drawing an arrow to another step with its condition, or taking one away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, OptionList, Static
from textual.widgets.option_list import Option

from flowdesk.clean import clean
from flowdesk.tui.widgets.text_fields import LineInput
from flowdesk.tui.widgets.tick import Tick


@dataclass(slots=True, frozen=True)
class Wanted:
    """Lead to `target` under this condition; with `cut`, do not lead there any more."""

    target: str
    condition: Mapping[str, Any]
    cut: bool = False


class ConnectToModal(ModalScreen[Wanted | None]):
    """The other steps; those that this one leads to already are marked, and show their condition."""

    DEFAULT_CSS = """
    ConnectToModal .dialog { width: 84; height: auto; }
    ConnectToModal OptionList { height: auto; max-height: 12; border: none; background: $surface; }
    ConnectToModal Input { border: none; height: 1; padding: 0 1; background: $boost; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("delete,x", "cut", "Disconnect"),
    ]

    def __init__(self, source: str, targets: Sequence[str], arrows: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._source = source
        self._arrows = {str(arrow["to"]): arrow for arrow in arrows}
        self._targets = [
            *(to for to in targets if to in self._arrows),
            *(to for to in targets if to not in self._arrows),
        ]

    def compose(self) -> ComposeResult:
        """The steps, and when the arrow is taken."""
        with Vertical(classes="dialog"):
            yield Static(Text(f"Connect {clean(self._source)} to", style="bold"), markup=False)
            yield OptionList(*(Option(self._line(to)) for to in self._targets))
            yield LineInput(placeholder="always, or only when: data.amount > 100", id="when", compact=True)
            yield LineInput(placeholder="or only on this route of the step: true", id="label", compact=True)
            yield Tick(Content("otherwise: when no other arrow is taken"), id="otherwise", compact=True)
            hint = "enter connects, x on a connected step disconnects, tab goes to the condition, esc leaves"
            yield Static(Text(hint), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin with the list."""
        self.query_one(OptionList).focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the condition there is."""
        event.stop()
        arrow = self._arrows.get(self._targets[event.option_index], {})
        self.query_one("#when", Input).value = clean(str(arrow.get("when") or ""))
        self.query_one("#label", Input).value = clean(str(arrow.get("label") or ""))
        self.query_one(Checkbox).value = arrow.get("otherwise") is True

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Connect."""
        event.stop()
        self._connect()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Connect from the condition."""
        event.stop()
        self._connect()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only an arrow that there is can be taken away."""
        return action != "cut" or self._target in self._arrows

    def action_cut(self) -> None:
        """Take the arrow away."""
        if self._target is not None:
            self.dismiss(Wanted(self._target, {}, cut=True))

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)

    @property
    def _target(self) -> str | None:
        if not self.is_mounted or not self.query(OptionList):
            return None
        at = self.query_one(OptionList).highlighted
        return None if at is None else self._targets[at]

    def _connect(self) -> None:
        if self._target is None:
            return
        typed = {"when": self.query_one("#when", Input).value, "label": self.query_one("#label", Input).value}
        condition: dict[str, Any] = {key: text.strip() for key, text in typed.items() if text.strip()}
        if self.query_one(Checkbox).value:
            condition = {"otherwise": True}
        self.dismiss(Wanted(self._target, condition))

    def _line(self, to: str) -> Content:
        arrow = self._arrows.get(to)
        if arrow is None:
            return Content(f"  {clean(to)}")
        when = "otherwise" if arrow.get("otherwise") else arrow.get("when") or arrow.get("label") or "always"
        return Content.assemble(f"> {clean(to)}", (f"  {clean(str(when))}", "$text-muted"))
