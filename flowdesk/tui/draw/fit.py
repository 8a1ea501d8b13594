"""Clean text cut or filled to a number of terminal cells, measured as the terminal UI's toolkit measures it."""

from __future__ import annotations

from rich.cells import cell_len, get_character_cell_size, set_cell_size


def fit(text: str, columns: int) -> str:
    """The text, exactly that many cells wide, ending in `…` when it was too long."""
    if columns <= 0:
        return ""
    if cell_len(text) <= columns:
        return set_cell_size(text, columns)
    return set_cell_size(text, columns - 1) + "…"


def cut(text: str, columns: int) -> str:
    """The text, at most that many cells wide."""
    return text if cell_len(text) <= columns else fit(text, columns)


def right(text: str, columns: int) -> str:
    """The text at the right of that many cells."""
    shown = cut(text, columns)
    return " " * (columns - cell_len(shown)) + shown


def cells(text: str) -> list[str]:
    """The text cell by cell: behind a wide character an empty text, a combining one joined to the cell before."""
    found: list[str] = []
    for char in text:
        size = get_character_cell_size(char)
        if size == 0 and found:
            found[-1 if found[-1] else -2] += char
        elif size > 0:
            found += [char, *[""] * (size - 1)]
    return found
