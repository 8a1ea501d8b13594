"""The log is read in the person's own pager, which has the terminal to itself until they leave it."""

from __future__ import annotations

import stat

from tests.acceptance.command import Home
from tests.tui.journeys.tmux import Terminal

HOSTILE = {
    "name": "hostile",
    "steps": [
        {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "say"},
        {
            "id": "say",
            "ref": "core.log",
            "params": {"message": "\u001b[31mred\u001b[0m [bold]bread[/bold] \u202eback\u001b]0;title\u0007 end"},
        },
    ],
}
PAGER = """#!/bin/sh
cat > got
stty -a > pager-stty < /dev/tty
echo THE PAGER HAS THE SCREEN > /dev/tty
read key < /dev/tty
echo "$key" > pressed
"""


def test_a_pager_takes_the_log_and_gives_the_screen_back(window: Terminal, home: Home) -> None:
    pager = home.work / "pager"
    pager.write_text(PAGER)
    pager.chmod(pager.stat().st_mode | stat.S_IXUSR)
    home.write("hostile.json", HOSTILE)
    assert home.flowdesk("apply", "hostile.json").code == 0
    window.start(PAGER=f"'{pager}' --an-option")
    window.wait_for("Dashboard")
    window.press("2")
    window.wait_for("Workflows", "hostile")
    window.press("r")
    window.wait_for("Run hostile")
    window.press("Enter")
    window.wait_for("succeeded", "[bold]bread[/bold]", "follow on")
    window.press("p")
    window.wait_for("THE PAGER HAS THE SCREEN", without="follow on")
    window.type("q")
    window.press("Enter")
    window.wait_for("follow on", "[bold]bread[/bold]", "Log", without="THE PAGER")
    assert (home.work / "pressed").read_text() == "q\n", "the keys went to the pager, and only there"
    got = (home.work / "got").read_text()
    assert "[bold]bread[/bold]" in got
    assert " say INFO " in got
    assert all(line.isprintable() for line in got.split("\n")), "neither escape sequences nor other hidden signs"
    assert " icanon" in (home.work / "pager-stty").read_text(), "lines and echo as programs expect them"
    window.press("w", "/")
    window.wait_for("filter: text")
    window.press("Escape")
    window.quit()
