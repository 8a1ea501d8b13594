"""The last line of a screen: which keys do what here."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from flowdesk.tui.draw.key_strip import Key, Strip, in_order, laid_out

_FIRST: Final = ("app_palette", "app_help")
"""What leads to everything else is seen in any width."""


class KeyLine(Widget):
    """Palette and help first, then the keys of the focused pane and of the screen, as far as there is room.

    One widget that draws them all: they change with every move of the focus, and a widget a key would have to be
    made, styled and laid out again each time.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "key-line--key",
        "key-line--title",
        "key-line--disabled",
        "key-line--hover",
    }
    DEFAULT_CSS: ClassVar[str] = """
    KeyLine {
        dock: bottom; height: 1; background: $panel; color: $footer-foreground;
        &:hover { pointer: pointer; }
        .key-line--key { color: $footer-key-foreground; background: $footer-key-background; text-style: bold; }
        .key-line--title { color: $footer-description-foreground; background: $footer-description-background; }
        .key-line--disabled { text-style: dim; }
        .key-line--hover { background: $block-hover-background; }
    }
    """
    HELP = "The keys that do something here; a click on one does it too. `?` shows all of them."

    keys: reactive[tuple[Key, ...]] = reactive(())
    under_mouse: reactive[Key | None] = reactive(None)

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self._more = "..." if ascii_only else "…"
        self._looking = False

    @property
    def strip(self) -> Strip:
        """What is drawn, and where."""
        return laid_out(self.keys, self.size.width, sign=len(self._more))

    def on_mount(self) -> None:
        """Follow the focus, and whatever else turns keys on and off."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        """Look again, once however often this is told before the next drawing."""
        if screen.app.app_focus and not self._looking:
            self._looking = True
            self.call_after_refresh(self._look)

    def _look(self) -> None:
        self._looking = False
        if not self.is_attached:
            return
        live = [
            Key(bound.key, self.app.get_key_display(bound), bound.description, bound.action, enabled, tooltip)
            for _, bound, enabled, tooltip in self.screen.active_bindings.values()
            if bound.show
        ]
        self.keys = in_order(live, _FIRST)

    def render(self) -> Text:
        """The keys next to each other, and a sign when there are more of them."""
        strip = self.strip
        line = Text(no_wrap=True, end="")
        for left, key in strip.placed:
            line.append(" " * (left - line.cell_len))
            line.append_text(self._drawn(key))
        if strip.more:
            line.append((" " if strip.placed else "") + self._more, self.get_component_rich_style("key-line--title"))
        return line

    def _drawn(self, key: Key) -> Text:
        drawn = Text.assemble((key.shown, self.get_component_rich_style("key-line--key")))
        if key.title:
            drawn.append(f" {key.title}", self.get_component_rich_style("key-line--title"))
        if not key.enabled:
            drawn.stylize(self.get_component_rich_style("key-line--disabled", partial=True))
        if key == self.under_mouse:
            drawn.stylize(self.get_component_rich_style("key-line--hover", partial=True))
        return drawn

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show which key a click would press."""
        self.under_mouse = self.strip.at(event.x)

    def on_leave(self) -> None:
        """Forget it again."""
        self.under_mouse = None

    def watch_under_mouse(self, key: Key | None) -> None:
        """The tooltip is that of the key."""
        self.tooltip = (key.tooltip or None) if key is not None else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Press the key."""
        key = self.strip.at(event.x)
        if key is None:
            return
        if key.enabled:
            self.app.simulate_key(key.key)
        else:
            self.app.bell()
