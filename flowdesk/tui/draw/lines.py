"""Lines and arrowheads in ASCII."""

from __future__ import annotations

from typing import Final

_PLAIN: Final = str.maketrans(
    dict(zip("─│┄┆►◄▼▲◇↑…", "-|.:><v^*^~", strict=True)) | dict.fromkeys("┌┐└┘╭╮╰╯├┤┬┴┼", "+")
)


def plain_lines(text: str) -> str:
    """The same drawing without anything but ASCII; for our own lines only, never for text from outside."""
    return text.translate(_PLAIN)
