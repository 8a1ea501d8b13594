"""The step that calls another workflow."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.sdk import Calls, Context, Example, Params, StepResult, Steps
from plugins.values import WorkflowId

steps = Steps("flow")


class CallParams(Params):
    """What to call, and with what."""

    workflow: WorkflowId = Field(examples=["01hy2c5v8q9k3m7n4p6r8s0t2v4w6x8y0z1a"])
    """The id of the workflow to run, one of your own."""
    data: dict[str, Any] | None = Field(default=None, examples=[{"orderId": "{{data.id}}"}])
    """The data its run begins with; all of this run's `data` when not given."""
    wait: bool = True
    """Whether this step goes on with what the run comes to; else as soon as the run is on disk, with its id."""


@steps.action(
    "call",
    CallParams,
    title="Call a workflow",
    effect="pure",
    instant=True,
    calls=True,
    examples=(
        Example(
            "Charge an order",
            {"workflow": "01hy2c5v8q9k3m7n4p6r8s0t2v4w6x8y0z1a", "data": {"orderId": "{{data.id}}"}},
            {"id": "a1"},
            runnable=False,
        ),
    ),
)
async def call(ctx: Context, params: CallParams) -> StepResult:
    """Run another workflow, and go on with what it comes to.

    The output is what the called workflow's `outputs` say, else the data its run ends with. Its failure is this step's
    failure, with the code `call_failed`; cancelling this run, and its time-out, end the called one, too. The version
    that is current when the step starts is the one that runs. What it is given must fit the workflow's `inputs`.
    """
    data = dict(ctx.data) if params.data is None else params.data
    return StepResult(True, calls=Calls([{}], params.workflow, data, params.wait, results="one"))
