"""Cancelling from the command line: with undo, at once, and not both."""

from __future__ import annotations

import pytest

from tests.acceptance.command import Home, eventually

STEPS = {
    "name": "Order",
    "finally": ["report"],
    "steps": [
        {"id": "charge", "ref": "data.set", "params": {"values": {"paid": 3}}, "undo": "refund", "next": "ship"},
        {"id": "ship", "ref": "core.sleep", "params": {"duration": 60000}},
        {"id": "refund", "ref": "core.log", "params": {"message": "refund {{data.paid}}"}},
        {"id": "report", "ref": "core.log", "params": {"message": "report"}},
    ],
}


@pytest.mark.parametrize(
    ("flags", "ran"), [((), ["report"]), (("--undo",), ["refund", "report"]), (("--force",), [])], ids=str
)
def test_a_run_is_cancelled_as_asked(served: Home, flags: tuple[str, ...], ran: list[str]) -> None:
    """Row 28."""
    served.flowdesk("apply", served.write("order.json", STEPS))
    run_id = served.flowdesk("run", "Order", "--json").json["id"]
    eventually(lambda: served.flowdesk("show", run_id, "--json").json["steps"][1]["status"] == "RUNNING")
    if not flags:
        both = served.flowdesk("cancel", run_id, "--undo", "--force")
        assert (both.code, "contradict" in both.err) == (2, True)
    done = served.flowdesk("cancel", run_id, *flags, "--json")
    assert (done.code, done.json["status"]) == (0, "CANCELLED")
    steps = served.flowdesk("show", run_id, "--json").json["steps"]
    assert [step["id"] for step in steps[2:] if step["status"] == "SUCCESS"] == ran
    again = served.flowdesk("cancel", run_id, *flags)
    assert again.code == 6
