"""docs/operate.md: running the server; its settings and exit codes drawn from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from docs.cli_page import documented
from server.exits import Exit
from server.settings_docs import settings_table

_TEXT: Final = Path(__file__).with_name("operate_text.md")


def render() -> str:
    """The whole page."""
    page = _TEXT.read_text(encoding="utf-8")
    page = page.replace("<!-- table: settings -->", settings_table().strip())
    codes = [f"| {Exit[name].value} | {meaning} |" for name, meaning in documented(Exit).items()]
    return page.replace("<!-- table: exit codes -->", "\n".join(["| code | meaning |", "|---|---|", *codes]))
