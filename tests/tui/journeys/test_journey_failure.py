"""A run failed: from the list to its error, its input and its log, then the step is mended and only that runs again."""

from __future__ import annotations

import json

from tests.acceptance.command import Home
from tests.tui.journeys.tmux import Terminal

ORDERS = {
    "name": "orders",
    "steps": [
        {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "look"},
        {"id": "look", "ref": "data.set", "params": {"values": {"customer": "Ada"}}, "next": "send"},
        {"id": "send", "ref": "core.fail", "params": {"message": "no bread for {{customer}}"}},
    ],
}


def test_from_a_failure_to_a_rerun_of_the_mended_step(window: Terminal, home: Home) -> None:
    home.write("orders.json", ORDERS)
    assert home.flowdesk("apply", "orders.json").code == 0
    assert home.flowdesk("run", "orders").code != 0
    window.start()
    window.wait_for("Dashboard", "no bread for Ada")
    window.press("3")
    window.wait_for("Runs", "orders", "no bread for Ada")
    window.press("Enter")
    window.wait_for("no bread for Ada", "send", "look")
    window.press("I")
    window.press("L")
    window.press("X")
    window.wait_for("no bread for Ada")
    window.press("M")
    window.wait_until(lambda: "no bread for Ada" in window.clipboard, "the failure in the clipboard")
    assert "send" in window.clipboard
    changed = json.loads(json.dumps(ORDERS))
    changed["steps"][2] = {"id": "send", "ref": "core.log", "params": {"message": "bread for {{customer}}"}}
    home.write("orders.json", changed)
    assert home.flowdesk("apply", "orders.json").code == 0
    window.press("R")
    window.wait_for("Rerun orders", "send")
    window.press("Enter")
    window.wait_for("bread for Ada", "succeeded")
    window.quit()
