"""How the terminal UI looks: the theme, seen while choosing, and glyphs for terminals that know only ASCII."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Checkbox, OptionList, Static
from textual.widgets.option_list import Option

from flowdesk.tui.widgets.tick import Tick

if TYPE_CHECKING:
    from flowdesk.tui.host import FlowApp


class SettingsModal(ModalScreen[None]):
    """Enter keeps the theme under the cursor, escape the one from before."""

    DEFAULT_CSS = """
    SettingsModal .dialog { width: 56; height: 23; }
    SettingsModal OptionList { height: 1fr; border: none; padding: 0; background: $surface; }
    SettingsModal #switches, SettingsModal #more { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close")]

    def compose(self) -> ComposeResult:
        """Themes and switches."""
        with Vertical(classes="dialog"):
            yield Static(Text("Theme (seen at once; enter keeps it)", style="bold"), markup=False)
            yield OptionList(*(Option(Text(name), id=name) for name in sorted(self.app.available_themes)))
            yield Static(Text("Switches (tab goes there, space switches)", style="bold"), id="switches", markup=False)
            for name, label, on in self._switches():
                yield Tick(Content(label), on, id=name, compact=True)
            yield Static(Text("Keys and themes of your own: docs/terminal.md", style="dim"), id="more", markup=False)

    def _switches(self) -> list[tuple[str, str, bool]]:
        """Each with the name it is remembered by, what it says, and whether it is on."""
        memory = cast("FlowApp", self.app).memory
        return [
            ("ascii", "Only ASCII signs (from the next start)", memory.get("ascii") is True),
            ("mouse", "Mouse (from the next start)", memory.get("mouse") is not False),
            ("confirm", "Ask before every change", memory.get("confirm") is True),
        ]

    def on_mount(self) -> None:
        """Stand on the theme that is used."""
        self._before = self.app.theme
        options = self.query_one(OptionList)
        options.highlighted = sorted(self.app.available_themes).index(self._before)
        options.focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show it."""
        if event.option_id:
            self.app.theme = event.option_id

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Keep it."""
        flow = cast("FlowApp", self.app)
        flow.memory.put("theme", event.option_id)
        flow.memory.save()
        self.dismiss()

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """Keep a switch."""
        flow = cast("FlowApp", self.app)
        flow.memory.put(str(event.checkbox.id), event.value)
        flow.memory.save()

    def action_leave(self) -> None:
        """Back to the theme from before."""
        self.app.theme = self._before
        self.dismiss()
