"""docs/doctor.md: what the doctor may find, drawn from its catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from server.doctor.catalogue import CATALOGUE

_TEXT: Final = Path(__file__).with_name("doctor_text.md")


def render() -> str:
    """The whole page."""
    rows = [f"| `{code}` | {entry.meaning} | {entry.remedy} |" for code, entry in CATALOGUE.items()]
    table = "\n".join(["| code | what it means | what to do |", "|---|---|---|", *rows])
    return _TEXT.read_text(encoding="utf-8").replace("<!-- table: codes -->", table)
