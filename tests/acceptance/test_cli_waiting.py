"""Runs that wait, from the command line: a signal, then an approval with a form."""

from __future__ import annotations

from tests.acceptance.command import Home, eventually, serving

FORM = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}
STEPS = {
    "name": "Wait",
    "steps": [
        {"id": "hear", "ref": "flow.wait", "params": {"signal": "paid"}, "next": "ask"},
        {
            "id": "ask",
            "ref": "flow.approval",
            "params": {"message": "ship {{data.order}}?", "form": FORM},
            "next": [{"to": "say", "label": "approve"}, {"to": "say", "label": "send-back"}],
        },
        {"id": "say", "ref": "core.log", "params": {"message": "{{steps.ask.outcome}} {{steps.ask.answer.amount}}"}},
    ],
}


def test_a_run_is_told_and_decided_by_commands(home: Home) -> None:
    with serving(home):
        home.flowdesk("apply", home.write("wait.json", STEPS))
        run_id = home.flowdesk("run", "Wait", "--json").json["id"]
        assert home.flowdesk("signal", run_id, "piad").code != 0
        sent = home.flowdesk("signal", run_id, "paid", "--data", '{"order": "A7"}', "--key", "k", "--json")
        assert (sent.code, sent.json["id"]) == (0, run_id)
        eventually(lambda: home.flowdesk("show", run_id, "--json").json["waitingFor"] == "approval")
        shown = " ".join(home.flowdesk("show", run_id).out.split())
        assert "ship A7?" in shown
        assert f"flowdesk decide {run_id} --step ask approve|reject|send-back" in shown
        wrong = home.flowdesk("decide", run_id, "done")
        assert (wrong.code, "ask asks for approve, reject, send-back" in wrong.err) == (2, True)
        misfit = home.flowdesk("decide", run_id, "approve", "--data", "{}")
        assert (misfit.code != 0, "data.amount" in misfit.err) == (True, True)
        done = home.flowdesk("decide", run_id, "approve", "--data", '{"amount": 3}', "-f")
        assert (done.code, "approve 3" in done.out) == (0, True)
        late = home.flowdesk("decide", run_id, "approve")
        assert late.code == 6
