"""`flowdesk decide`: answer what a run asks, such as an approval, or what became of a step whose process died."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.data import read_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowdesk.cli.output import Output
    from flowdesk.client_runs import Outcome
    from flowdesk.launch import Connection
    from flowdesk.replies import QuestionDoc

OUTCOMES: Final = ("approve", "reject", "send-back", "signal", "done", "again", "fail")
_WITHOUT_DATA: Final = frozenset({"again", "fail"})


@click.command()
@click.argument("run_id", metavar="RUN")
@click.argument("outcome", type=click.Choice(OUTCOMES))
@click.option("--step", "step_id", metavar="STEP", help="The step; not needed when only one asks for this.")
@click.option("--data", metavar="JSON|@FILE|-", help="What goes with the answer: any JSON value, such as a form's.")
@click.option("--reason", metavar="TEXT", help="Why, for whoever reads the run later; the feedback of an approval.")
@click.option("--follow", "-f", is_flag=True, help="Show the live log until the run ends.")
@server_options
def decide(
    options: Options,
    run_id: str,
    outcome: Outcome,
    step_id: str | None,
    data: str | None,
    reason: str | None,
    follow: bool,
) -> None:
    """Answer what a run asks.

    An approval is answered by approve, reject or send-back. A step whose process died may have happened or not, and
    only you can find out: `done` goes on after it, `again` runs it once more, `fail` counts it as failed. `signal`
    stands in for a signal that a step waits for. `flowdesk show RUN` tells what a run asks.
    """
    if data is not None and outcome in _WITHOUT_DATA:
        raise click.UsageError(f"--data is the output of a step that is done, so it does not go with {outcome}")
    value = read_value(data)

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.finish import finish_started
        from flowdesk.cli.refs import known

        runs = connection.client.runs
        step = step_id or _only_step(run_id, await known("run", run_id, runs.questions(run_id)), outcome)
        run = await known("run", run_id, runs.decide(run_id, step, outcome, data=value, reason=reason))
        return await finish_started(connection, out, run, follow=follow)

    on_server(options, work)


def _only_step(run_id: str, questions: Sequence[QuestionDoc], outcome: str) -> str:
    """The step that asks for this; InConflict when none asks, a usage error when none or several ask for this."""
    from flowdesk.errors import InConflict, ProblemReply

    fitting = [question["stepId"] for question in questions if outcome in question["outcomes"]]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise click.UsageError(f"several steps wait for a decision: choose one with --step {' or '.join(fitting)}")
    if questions:
        told = ", ".join(f"{one['stepId']} asks for {', '.join(one['outcomes'])}" for one in questions)
        raise click.UsageError(f"no step of this run can be answered by {outcome}: {told}")
    said = "no step of this run waits for a decision"
    raise InConflict(ProblemReply(409, "no_decision_awaited", said, hint=f"flowdesk show {run_id} tells more"))
