"""What is said when the terminal UI itself fails: words instead of a traceback, which would show what people typed."""

from __future__ import annotations

import logging
from typing import Final

LOG_NAME: Final = "terminal-ui.log"
"""In the state directory; standard error is where the screen is drawn."""
_WORDS: Final = f"""\
FlowDesk: the terminal UI failed and had to leave.
Nothing accepted is lost: runs go on, and unsaved changes of workflows are kept as drafts. `flowdesk` opens it again.
The reason is at the end of {LOG_NAME} in the state directory."""


def note_failure() -> str:
    """Log the error being handled, and give what the person is told."""
    logging.getLogger("flowdesk.tui").critical("the terminal UI failed", exc_info=True)
    return _WORDS
