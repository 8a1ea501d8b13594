"""The first minute: nothing is known yet, and a few keys later a run has succeeded."""

from __future__ import annotations

from tests.tui.journeys.tmux import Terminal


def test_from_nothing_to_a_finished_run(window: Terminal) -> None:
    window.start()
    window.wait_for("Welcome", "Hello")
    window.press("Enter")
    window.wait_for("greet", "Workflows › Hello")
    window.press("r")
    window.wait_for("Run Hello", "Ali")
    window.press("Enter")
    window.wait_for("Hello Ali!", "✔", "succeeded")
    window.press("C-q")
    assert window.ended() == 0
