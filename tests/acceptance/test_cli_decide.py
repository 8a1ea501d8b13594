"""A `once` step whose server died: the run asks, `flowdesk decide` answers."""

from __future__ import annotations

import os
import signal
from typing import Any

from tests.acceptance.command import Home, eventually, serving

PAY = {
    "name": "Pay",
    "steps": [
        {"id": "pay", "ref": "core.sleep", "params": {"duration": "60s"}, "effect": "once", "next": "say"},
        {"id": "say", "ref": "core.log", "params": {"message": "paid {{steps.pay}}"}},
    ],
}


def _run(home: Home, run_id: str) -> Any:
    return home.flowdesk("show", run_id, "--json").json


def test_a_run_asks_and_a_command_answers(home: Home) -> None:
    with serving(home) as server:
        home.flowdesk("apply", home.write("pay.json", PAY))
        run_id = home.flowdesk("run", "Pay", "--json").json["id"]
        eventually(lambda: _run(home, run_id)["steps"][0]["status"] == "RUNNING")
        os.kill(server.pid, signal.SIGKILL)
    with serving(home):
        eventually(lambda: _run(home, run_id)["questions"])
        shown = home.flowdesk("show", run_id)
        assert "did it happen?" in shown.out
        assert f"flowdesk decide {run_id} --step pay done|again|fail" in " ".join(shown.out.split())
        wrong = home.flowdesk("decide", run_id, "again", "--data", "1")
        assert (wrong.code, "does not go with again" in wrong.err) == (2, True)
        other = home.flowdesk("decide", run_id, "done", "--step", "say")
        assert other.code == 6
        done = home.flowdesk("decide", run_id, "done", "--data", '"P-7"', "--reason", "seen in the bank", "-f")
        assert (done.code, done.err) == (0, "")
        assert "paid P-7" in done.out
        late = home.flowdesk("decide", run_id, "done")
        assert late.code == 6
        assert "no step of this run waits" in late.err
