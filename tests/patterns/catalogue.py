"""The control-flow patterns of van der Aalst, ter Hofstede, Kiepuszewski and Barros (2003), as workflows of FlowDesk.

Each is a workflow, what its steps do in order, and the whole journal that must come of it. `moves` are `+step` (an
attempt begins), `-step` (it succeeds), `-step:label` (choosing a route), `!step` (it fails), `?step` (it waits for the
signal of its own name), `*name` (that signal comes) and `cancel`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal


@dataclass(frozen=True)
class Pattern:
    """One pattern and the honest verdict."""

    number: int
    name: str
    verdict: Literal["supported", "workaround", "not supported"]
    how: str
    steps: tuple[dict[str, Any], ...]
    moves: str
    journal: str
    more: dict[str, Any] = field(default_factory=dict)
    """Fields of the workflow beside its steps."""
    refused: str | None = None
    """The code of the problem that keeps such a workflow from being saved."""


def _work(step_id: str, *onward: Any, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "ref": "t.work", "next": list(onward), **more}


def _heard(step_id: str, *onward: Any) -> dict[str, Any]:
    return {"id": step_id, "ref": "t.hear", "next": list(onward)}


def _switch(step_id: str, **labels: str) -> dict[str, Any]:
    return {"id": step_id, "ref": "t.route", "next": [{"to": to, "label": label} for label, to in labels.items()]}


PATTERNS: Final = (
    Pattern(
        1,
        "Sequence",
        "supported",
        "`next` names the step that follows",
        (_work("a", "b"), _work("b")),
        "+a -a +b -b",
        "run.started +a -a +b -b run.succeeded",
    ),
    Pattern(
        2,
        "Parallel split",
        "supported",
        "`next` is a list: every plain arrow is taken",
        (_work("a", "b", "c"), _work("b"), _work("c")),
        "+a -a +b +c -c -b",
        "run.started +a -a +b +c -c -b run.succeeded",
    ),
    Pattern(
        3,
        "Synchronization",
        "supported",
        "`join: all`, which is what a step does when it says nothing",
        (_work("a", "b", "c"), _work("b", "d"), _work("c", "d"), _work("d")),
        "+a -a +b +c -c -b +d -d",
        "run.started +a -a +b +c -c -b +d -d run.succeeded",
    ),
    Pattern(
        4,
        "Exclusive choice",
        "supported",
        "arrows with labels behind `flow.if` or `flow.switch`",
        (_switch("a", yes="b", no="c"), _work("b"), _work("c")),
        "+a -a:no +c -c",
        "run.started +a -a ~b +c -c run.succeeded",
    ),
    Pattern(
        5,
        "Simple merge",
        "supported",
        "both ways lead to one step; the way not taken is settled, too",
        (_switch("a", yes="b", no="c"), _work("b", "d"), _work("c", "d"), _work("d")),
        "+a -a:no +c -c +d -d",
        "run.started +a -a ~b +c -c +d -d run.succeeded",
    ),
    Pattern(
        6,
        "Multi-choice",
        "supported",
        "arrows with `when`: each whose condition holds is taken",
        (
            _work("a", {"to": "b", "when": "data.n > 0"}, {"to": "c", "when": "data.n > 5"}, "d"),
            _work("b"),
            _work("c"),
            _work("d"),
        ),
        "+a -a +b +d -d -b",
        "run.started +a -a ~c +b +d -d -b run.succeeded",
    ),
    Pattern(
        7,
        "Synchronizing merge",
        "supported",
        "`join: all` waits for the ways that were taken: those not taken are settled by dead-path elimination",
        (
            _work("a", {"to": "b", "when": "data.n > 0"}, {"to": "c", "when": "data.n > 5"}, "d"),
            _work("b", "e"),
            _work("c", "e"),
            _work("d", "e"),
            _work("e"),
        ),
        "+a -a +b +d -d -b +e -e",
        "run.started +a -a ~c +b +d -d -b +e -e run.succeeded",
    ),
    Pattern(
        8,
        "Multi-merge",
        "workaround",
        "a step runs once in a run; what follows the merge is written behind each way",
        (_work("a", "b", "c"), _work("b", "after_b"), _work("c", "after_c"), _work("after_b"), _work("after_c")),
        "+a -a +b +c -b +after_b -c +after_c -after_b -after_c",
        "run.started +a -a +b +c -b +after_b -c +after_c -after_b -after_c run.succeeded",
    ),
    Pattern(
        9,
        "Discriminator",
        "supported",
        "`join: any`, or `join: {count: 1, rest: cancel}` to stop the others; n out of m with a greater `count`",
        (
            _work("a", "b", "c", "d"),
            _work("b", "e"),
            _work("c", "e"),
            _work("d", "e"),
            _work("e", join={"count": 2, "rest": "cancel"}),
        ),
        "+a -a +b +c +d -c -b +e -e",
        "run.started +a -a +b +c +d -c -b xd +e -e run.succeeded",
    ),
    Pattern(
        10,
        "Arbitrary cycles",
        "not supported",
        "arrows that go round are refused at save, so that no run goes on for ever",
        (_work("a", "b"), _work("b", "c"), _work("c", "b")),
        "",
        "",
        refused="cycle",
    ),
    Pattern(
        11,
        "Implicit termination",
        "supported",
        "a run has succeeded when every step is settled; no step has to say that it is the end",
        (_work("a", "b", "c"), _work("b"), _work("c", "d"), _work("d")),
        "+a -a +b +c -c +d -d -b",
        "run.started +a -a +b +c -c +d -d -b run.succeeded",
    ),
    Pattern(
        13,
        "Multiple instances with a priori design time knowledge",
        "supported",
        "so many steps, and a join behind them",
        (
            _work("a", "one", "two", "three"),
            _work("one", "z"),
            _work("two", "z"),
            _work("three", "z"),
            _work("z"),
        ),
        "+a -a +one +two +three -three -one -two +z -z",
        "run.started +a -a +one +two +three -three -one -two +z -z run.succeeded",
    ),
    Pattern(
        16,
        "Deferred choice",
        "supported",
        "a `flow.wait` for each thing that may happen, and a join with `rest: cancel`: the first withdraws the rest",
        (
            _work("a", "paid", "withdrawn"),
            _heard("paid", "first"),
            _heard("withdrawn", "first"),
            _switch("first", yes="ship", no="refund") | {"join": {"count": 1, "rest": "cancel"}},
            _work("ship"),
            _work("refund"),
        ),
        "+a -a +paid ?paid +withdrawn ?withdrawn *withdrawn +first -first:no +refund -refund",
        "run.started +a -a +paid wait.started:paid +withdrawn wait.started:withdrawn signal.received "
        "wait.resolved:withdrawn -withdrawn xpaid +first -first ~ship +refund -refund run.succeeded",
    ),
    Pattern(
        17,
        "Interleaved parallel routing",
        "supported",
        "`maxParallel: 1`: one step after another, in any order the arrows allow (here that of the document)",
        (_work("a", "b", "c"), _work("b", "d"), _work("c", "d"), _work("d")),
        "+a -a +b -b +c -c +d -d",
        "run.started +a -a +b -b +c -c +d -d run.succeeded",
        {"maxParallel": 1},
    ),
    Pattern(
        18,
        "Milestone",
        "workaround",
        "a `flow.wait` before the step: who reaches the milestone sends the signal; `timeout` says when it is too late",
        (_work("a", "b", "reached"), _work("b"), _heard("reached", "c"), _work("c")),
        "+a -a +b *reached +reached ?reached +c -c -b",
        "run.started +a -a +b signal.received +reached wait.started:reached wait.resolved:reached -reached +c -c -b "
        "run.succeeded",
    ),
    Pattern(
        19,
        "Cancel activity",
        "supported",
        "`timeoutMs` of the step, or a join with `rest: cancel`, which stops what it no longer needs",
        (_work("a", "b", "c"), _work("b", "d"), _work("c", "d"), _work("d", join={"count": 1, "rest": "cancel"})),
        "+a -a +b +c -b +d -d",
        "run.started +a -a +b +c -b xc +d -d run.succeeded",
    ),
    Pattern(
        20,
        "Cancel case",
        "supported",
        "`flowdesk cancel`; with `--undo` what has finished is taken back",
        (_work("a", "b", undo="back"), _work("b"), _work("back")),
        "+a -a +b cancel +back -back",
        "run.started +a -a +b run.ending +back -back run.cancelled",
    ),
)
