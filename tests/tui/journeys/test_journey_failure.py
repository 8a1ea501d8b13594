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


def test_the_step_is_mended_tried_saved_and_run_again_without_leaving(window: Terminal, home: Home) -> None:
    broken = json.loads(json.dumps(ORDERS))
    broken["steps"][2] = {
        "id": "send",
        "ref": "core.assert",
        "params": {"condition": "data.customer == 'Bob'", "message": "wrong customer"},
    }
    home.write("orders.json", broken)
    assert home.flowdesk("apply", "orders.json").code == 0
    assert home.flowdesk("run", "orders").code != 0
    editor = home.work / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/Bob/Ada/" "$1"\n')
    editor.chmod(0o700)
    window.start(EDITOR=str(editor))
    window.wait_for("Dashboard", "wrong customer")
    window.press("Enter")
    window.wait_for("send", "wrong customer", "Error")
    window.press("e")
    window.wait_for("Workflows › orders", "Step (2) ─ send")
    window.press("E")
    window.wait_for("draft", "== 'Ada'")
    window.press("t")
    window.wait_for("Test of send")
    window.press("Escape")
    window.wait_for("Step (2) ─ send", without="Test of send")
    window.press("C-s")
    window.wait_for("v2", without="draft")
    window.press("Escape")
    window.wait_for("failed", "Error")
    window.press("R")
    window.wait_for("Rerun orders", "send")
    window.press("Enter")
    window.wait_for("succeeded")
    window.quit()
