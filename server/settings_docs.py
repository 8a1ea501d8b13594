"""The settings as documentation: `.env.example` and the table in docs/operate.md, both made from the model."""

from __future__ import annotations

import textwrap
from typing import Final

from server.settings import Settings, setting_default, setting_names

HEAD: Final = """\
# Every setting of flowdesk-server with its default. Copy to .env and change what you need; the environment wins over
# .env, and options of the command line win over both. Empty means the default. A misspelt FLOWDESK_ name stops the
# start, and so does a value that makes no sense.
"""

WORKED_OUT: Final = {
    "data_dir": "the platform's directory for user data",
    "jwt_secret": "made at the first start",
    "secrets_key": "made with the first secret",
}
"""Defaults that depend on the machine."""


def env_example() -> str:
    """The whole file `.env.example`."""
    parts = [HEAD]
    for field, name in setting_names().items():
        text = Settings.model_fields[field].description or ""
        comment = textwrap.fill(text, 118, initial_indent="# ", subsequent_indent="# ")
        parts.append(f"{comment}\n{name}={setting_default(field)}\n")
    return "\n".join(parts)


def settings_table() -> str:
    """A Markdown table of all settings."""
    lines = ["| Setting | Default | What it does |", "|---|---|---|"]
    for field, name in setting_names().items():
        default = setting_default(field)
        shown = WORKED_OUT.get(field) or (f"`{default}`" if default else "empty")
        meaning = " ".join((Settings.model_fields[field].description or "").split())
        lines.append(f"| `{name}` | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"
