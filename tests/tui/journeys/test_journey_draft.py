"""The terminal UI is killed while somebody edits: what they typed is there at the next start, and can be saved."""

from __future__ import annotations

import json
import os
import signal

from flowdesk.local import is_alive
from tests.acceptance.command import Home, eventually
from tests.tui.journeys import tmux
from tests.tui.journeys.tmux import Terminal

ORDERS = {
    "name": "orders",
    "steps": [
        {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "greet"},
        {"id": "greet", "name": "Greet", "ref": "core.log", "params": {"message": "hello"}},
    ],
}


def edit(window: Terminal) -> None:
    """Start, and open the workflow."""
    window.start()
    window.wait_until(lambda: "Nothing is running" in window.text or "ok 7 d" in window.text, "the area of last time")
    window.press("2")
    window.wait_for("Workflows", "orders")
    window.press("Enter")
    window.wait_for("Workflows › orders", "Step (2)")


def rename(window: Terminal) -> None:
    """Give the second step another name, in its form."""
    window.press("Right")
    window.wait_for("Step (2) ─ greet")
    window.click("Greet  ")  # the field, not the box on the map
    window.wait_for("What people see")
    window.type("All ")
    window.wait_for("Name              All Greet", "draft")


def kept(home: Home) -> list[str]:
    """The sources of all drafts on disk."""
    return [json.loads(path.read_bytes())["source"] for path in (home.root / "state").glob("drafts/*.json")]


def names(home: Home) -> list[str]:
    """What the steps are called in the newest saved version."""
    return [step.get("name", "") for step in home.flowdesk("show", "orders", "--json").json["steps"]]


def test_what_was_typed_just_before_leaving_is_there_again(window: Terminal, home: Home) -> None:
    home.write("orders.json", ORDERS)
    assert home.flowdesk("apply", "orders.json").code == 0
    edit(window)
    rename(window)
    window.quit()
    with tmux.terminal(home) as again:
        edit(again)
        again.wait_for("restored", "draft", "All Greet")
        again.quit()


def test_a_draft_outlives_kill_9_of_the_program(window: Terminal, home: Home) -> None:
    home.write("orders.json", ORDERS)
    assert home.flowdesk("apply", "orders.json").code == 0
    edit(window)
    server = home.living()
    assert server is not None
    rename(window)
    window.wait_until(lambda: any("All Greet" in source for source in kept(home)), "the draft on disk")
    os.kill(window.pid, signal.SIGKILL)
    assert eventually(lambda: not is_alive(server.pid)), "the engine it had started ends with it"
    assert names(home) == ["", "Greet"], "nothing was saved yet"
    with tmux.terminal(home) as again:
        edit(again)
        again.wait_for("restored", "draft", "All Greet")
        again.press("C-s")
        again.wait_for("v2", without="draft,")
        assert names(home) == ["", "All Greet"]
        assert kept(home) == []
        again.quit()
    assert home.living() is None
