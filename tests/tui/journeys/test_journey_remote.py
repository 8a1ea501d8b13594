"""A server elsewhere is stopped and started again while somebody follows a log there: nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.acceptance.command import Home
from tests.chaos.child import ServerChild
from tests.servers.process import free_port
from tests.tui.journeys.test_journey_live import TICKING
from tests.tui.journeys.tmux import Terminal


@pytest.fixture
def remote(home: Home) -> Iterator[ServerChild]:
    """A server with data of its own, on a port that stays the same."""
    server = ServerChild("server", home.root / "remote", free_port(), {"FLOWDESK_BCRYPT_COST": "10"})
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.kill()


def test_a_server_is_restarted_while_its_log_is_followed(window: Terminal, home: Home, remote: ServerChild) -> None:
    account = ("--email", "me@example.com", "--password-stdin", "--register")
    assert home.flowdesk("login", remote.url, *account, stdin="secret1\n").code == 0
    home.write("ticking.json", TICKING)
    assert home.flowdesk("apply", "ticking.json").code == 0
    window.start("--url", remote.url)
    window.wait_for("Dashboard")
    window.press("2")
    window.wait_for("Workflows", "ticking")
    window.press("r")
    window.wait_for("Run ticking")
    window.press("Enter")
    window.wait_for("tick number 1")
    window.press("/")
    window.wait_for("filter: text")
    window.type("tick")
    assert remote.terminate() == 0
    window.wait_for("◌ reconnecting", "tick number 1")
    window.type(" number")
    remote.start()
    remote.wait_ready()
    window.wait_for("●", "tick number 6", "filter: tick number", without="reconnecting")
    window.press("Enter")
    window.wait_for("y Copy line")
    window.press("Y")
    window.wait_until(lambda: "tick number 6" in window.clipboard, "the log in the clipboard")
    shown = [int(number) for number in re.findall(r"tick number (\d+)", window.clipboard)]
    assert shown == list(range(len(shown))), "each line once, none missing"
    assert "while away" in window.clipboard
    window.quit()
