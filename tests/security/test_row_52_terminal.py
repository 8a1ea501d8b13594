"""Row 52: what clients, workflows and other services say is shown in a terminal, and never obeyed by it."""

from __future__ import annotations

import asyncio
import unicodedata
from pathlib import Path

from click.testing import CliRunner

from flowdesk.cli.root import root
from tests.server.live import Person, action, webhook

HOSTILE = (
    "\x1b]52;c;cm0gLXJmIH4=\x07\x1b[2J\x1b[31mred\x9b0m \x1bP+q\x1b\\ \u202egnp.exe\u200b "
    "[bold]not bold[/] [link=http://evil.example]x[/link] \r\x08\x08over"
)
"""Writes the clipboard, clears the screen, turns text around, hides letters, asks the terminal, types over a line."""


async def test_no_command_prints_what_a_terminal_would_obey(tmp_path: Path, ali: Person) -> None:
    """Row 52: names, log lines, outputs and errors, in tables, stories and JSON alike."""
    log = action("log", "core.log", "boom", params={"message": "{{data.said}}", "fields": {"said": "{{data.said}}"}})
    boom = action("boom", "core.fail", params={"message": "{{data.said}}", "code": "odd"})
    workflow = await ali.save(webhook("log"), log, boom)
    run = await ali.run(workflow, said=HOSTILE)
    assert run["status"] == "FAILED"
    assert run["error"]["message"].startswith("\x1b]52"), "it is data, and kept as it is"
    env = {"FLOWDESK_URL": ali.live.url, "FLOWDESK_TOKEN": ali.token, "FLOWDESK_CONFIG_DIR": str(tmp_path / "config")}
    for words in (
        ("ls",),
        ("show", workflow),
        ("runs",),
        ("logs", run["id"]),
        ("logs", run["id"], "--json"),
        ("jobs", "--workflow", workflow),
        ("diff", workflow, HOSTILE),
        ("run", HOSTILE),
    ):
        told = await asyncio.to_thread(CliRunner().invoke, root, list(words), env=env, color=True)
        assert "Traceback" not in told.output
        seen = set(_without_our_colours(told.output))
        obeyed = {sign for sign in seen if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co")} - {"\n"}
        assert not obeyed, (words, obeyed, told.output)


def _without_our_colours(text: str) -> str:
    """Colours are ours: a run of digits and an m, which HOSTILE has only one of, in red."""
    assert "\x1b[31mred" not in text
    for number in (*range(10), *range(20, 50), *range(90, 108)):
        text = text.replace(f"\x1b[{number}m", "")
    return text
