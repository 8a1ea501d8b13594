"""A secret is made, tried and replaced from the keyboard, and its value is never on the screen."""

from __future__ import annotations

from tests.acceptance.command import Home
from tests.tui.journeys.tmux import Terminal

VALUE, NEXT = "c4nary-first-value", "c4nary-second-value"


def test_a_secret_is_made_tried_and_replaced(window: Terminal, home: Home) -> None:
    window.start()
    window.wait_for("Welcome", "Hello")
    window.press("6")
    window.wait_for("No secret yet")
    window.press("n")
    window.wait_for("New secret", "Name")
    window.type("CRM_TOKEN")
    window.wait_for("CRM_TOKEN")
    window.click("at least 8 characters")
    window.type(VALUE)
    window.wait_for("•" * len(VALUE), "CRM_TOKEN")
    seen = window.text
    window.press("C-s")
    seen += window.wait_for("CRM_TOKEN", "any host", without="New secret")
    window.press("t")
    seen += window.wait_for("Tested, ok")
    window.press("e")
    window.wait_for("Replace the value of CRM_TOKEN")
    window.click("empty: as it is")
    window.type(NEXT)
    seen += window.wait_for("•" * len(NEXT))
    window.press("C-s")
    seen += window.wait_for("CRM_TOKEN", without="Replace the value")
    assert "c4nary" not in seen
    kept = home.flowdesk("secrets", "show", "CRM_TOKEN", "--json")
    assert (kept.json["kind"], kept.json["hosts"]) == ("value", [])
    assert "c4nary" not in kept.out + kept.err
    window.quit()
