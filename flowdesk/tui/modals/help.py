"""What can be done here: the palette limited to this screen, found by words or by key, with the pane's own text."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text

from flowdesk.tui.actions import Doable, score
from flowdesk.tui.modals.palette import PaletteModal


class HelpModal(PaletteModal):
    """Made from the same table as the keys themselves, so it cannot be wrong. Enter does what is highlighted."""

    DEFAULT_CSS: ClassVar[str] = """
    HelpModal.-low OptionList { max-height: 11; }
    HelpModal.-low .help-text { max-height: 5; }
    HelpModal.-tiny OptionList { max-height: 5; }
    HelpModal.-tiny .help-text { max-height: 4; }
    """
    placeholder = "type words or a key; enter does it"
    with_nouns = False

    def explanation(self) -> Text:
        """The text of the focused pane, or of the screen around it."""
        node = self.under.focused or self.under
        texts = [getattr(place, "HELP", None) for place in (node, *node.ancestors, self.under)]
        return Text(next((text.strip() for text in texts if isinstance(text, str) and text.strip()), ""))

    def fits(self, action: Doable, typed: str) -> float:
        """A key finds its action, as words do."""
        return 100.0 if typed and typed == action.key else score(typed, action.words)
