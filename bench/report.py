"""Figures as they come in: a table for each section on the terminal, and everything once more as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Cell = str | float | int | None


@dataclass(slots=True)
class Report:
    """Prints sections and remembers them."""

    sections: list[dict[str, Any]] = field(default_factory=list)

    def section(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], note: str = "") -> None:
        """Print one table."""
        self.sections.append({"title": title, "columns": list(columns), "rows": [list(row) for row in rows]})
        print(f"\n{title}\n")
        for line in table(columns, rows):
            print(f"  {line}")
        if note:
            print(f"\n  {note}")

    def write(self, path: Path) -> None:
        """Everything as JSON, with the machine it was measured on."""
        path.write_text(json.dumps({"machine": machine(), "sections": self.sections}, indent=2) + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """The lines of a table: words to the left, numbers to the right."""
    texts = [[shown(cell) for cell in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(columns, *texts, strict=True)]
    numeric = [all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        ]
        return "   ".join(parts).rstrip()

    return [line(columns), "   ".join("-" * width for width in widths), *(line(row) for row in texts)]


def shown(cell: Cell) -> str:
    """Three digits that matter, thousands separated; a dash for what was not measured."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {"system": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()}
