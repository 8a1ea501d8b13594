"""How findings of a review look."""

from __future__ import annotations

from flowdesk.account_replies import FindingDoc, ReviewDoc
from flowdesk.show.paint import Paint
from flowdesk.show.review import review_lines

PLAIN = Paint()


def _review(*findings: FindingDoc, server: bool = False) -> ReviewDoc:
    return {"workspaceId": "w", "server": server, "findings": list(findings)}


def test_each_says_where_and_what_to_do_and_the_last_line_counts() -> None:
    first: FindingDoc = {
        "code": "settings.tls",
        "severity": "high",
        "where": "HOST",
        "message": "without TLS",
        "remedy": "put a proxy in front",
    }
    low: FindingDoc = {**first, "code": "key.unused", "severity": "low", "where": "API key ci"}
    assert review_lines(_review(first, low, low, server=True), PLAIN) == [
        "high    HOST  settings.tls",
        "        without TLS",
        "        → put a proxy in front",
        "",
        *["low     API key ci  key.unused", "        without TLS", "        → put a proxy in front", ""] * 2,
        "1 high, 2 low, in the workspace and the server's settings",
    ]


def test_nothing_is_said_too() -> None:
    assert review_lines(_review(), PLAIN) == ["nothing risky was found in the workspace"]


def test_names_cannot_draw_on_the_terminal() -> None:
    """Row 52: workflows, secrets and keys are called whatever people like."""
    finding: FindingDoc = {
        "code": "hook.open",
        "severity": "medium",
        "where": "workflow \x1b[2J\n",
        "message": "m\x1b",
        "remedy": "r\x07",
    }
    assert "\x1b" not in "".join(review_lines(_review(finding), PLAIN))
    assert "workflow ␛[2J⏎" in review_lines(_review(finding), PLAIN)[0]
