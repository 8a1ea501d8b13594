"""A log is followed while much happens: filtered, paused, another program in between, the engine gone and back."""

from __future__ import annotations

import os
import signal
import stat

from tests.acceptance.command import Home, eventually
from tests.tui.journeys.tmux import Terminal

TICKING = {
    "name": "ticking",
    "steps": [
        {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "tick"},
        *(
            step
            for number in range(40)
            for step in (
                {
                    "id": f"tick{number or ''}",
                    "ref": "core.log",
                    "params": {"message": f"tick number {number}"},
                    "next": f"wait{number}",
                },
                {
                    "id": f"wait{number}",
                    "ref": "core.sleep",
                    "params": {"duration": "500ms"},
                    "next": f"tick{number + 1}",
                },
            )
        ),
        {"id": "tick40", "ref": "core.log", "params": {"message": "the last tick"}},
    ],
}


def follow(window: Terminal, home: Home, **environ: str) -> None:
    """A run that goes on for twenty seconds, its log on the screen."""
    home.write("ticking.json", TICKING)
    assert home.flowdesk("apply", "ticking.json").code == 0
    window.start(**environ)
    window.wait_for("Dashboard")
    window.press("2")
    window.wait_for("Workflows", "ticking")
    window.press("r")
    window.wait_for("Run ticking")
    window.press("Enter")
    window.wait_for("ticking", "tick number 1")


def test_a_followed_log_is_filtered_and_survives_a_storm_of_sizes(window: Terminal, home: Home) -> None:
    follow(window, home)
    for width, height in ((80, 24), (200, 50), (61, 16), (40, 10), (132, 43), (80, 24), (120, 36)):
        window.resize(width, height)
    window.wait_for("tick number 3")
    window.press("/")
    window.type("number 4")
    window.press("Enter")
    window.wait_for("tick number 4", without="tick number 2")
    window.press("Escape")
    window.wait_for("tick number 5")
    window.quit()


def test_the_engine_dies_and_the_run_goes_on(window: Terminal, home: Home) -> None:
    follow(window, home)
    server = home.living()
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    window.wait_for("offline", "tick number 1")
    window.press("F6")
    window.wait_for("●", without="offline")
    assert eventually(lambda: (now := home.living()) and now.pid != server.pid)
    window.wait_for("tick number 8")
    window.quit()


def test_an_editor_takes_the_terminal_and_gives_it_back(window: Terminal, home: Home) -> None:
    editor = home.work / "editor"
    editor.write_text('#!/bin/sh\nstty -a > /dev/null\nsed -i "s/tick number 0/changed outside/" "$1"\nsleep 1\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    follow(window, home, EDITOR=str(editor))
    window.press("e")
    window.wait_for("Workflows › ticking")
    window.press("C-e")
    window.wait_for("draft", "changed outside")
    window.press("C-s")
    window.wait_for("v2", without="draft")
    assert "changed outside" in home.flowdesk("export", "ticking").out
    window.quit()


def test_the_mouse_chooses_with_one_click_and_opens_with_two(window: Terminal, home: Home) -> None:
    home.write("ticking.json", TICKING)
    assert home.flowdesk("apply", "ticking.json").code == 0
    window.start()
    window.wait_for("Dashboard")
    window.press("2")
    window.wait_for("Workflows", "ticking")
    window.click("ticking")  # one puts the cursor there, two open it, as enter does
    window.click("ticking")
    window.wait_for("Workflows › ticking")
    window.quit()
