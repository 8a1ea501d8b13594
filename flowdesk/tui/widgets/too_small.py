"""What stands on a terminal that is too small for anything else."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.widgets import Static

COLUMNS: Final = 60
ROWS: Final = 15


class TooSmall(Static):
    """Lies over its screen, which shows it by its class `-too-small`; what is below keeps its focus and its place."""

    DEFAULT_CSS: ClassVar[str] = """
    TooSmall {
        layer: above; display: none; width: 100%; height: 100%;
        background: $background; color: $text-warning; content-align: center middle; text-align: center;
    }
    """

    def __init__(self) -> None:
        super().__init__(Text(f"terminal too small: {COLUMNS}x{ROWS} at least"), id="too-small", markup=False)


def too_small(columns: int, rows: int) -> bool:
    """Whether a terminal of this size shows nothing but garbage."""
    return columns < COLUMNS or rows < ROWS
