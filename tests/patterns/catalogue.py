"""The control-flow patterns of van der Aalst, ter Hofstede, Kiepuszewski and Barros (2003), as workflows of FlowDesk.

Each is a workflow, what its steps do in order, and the whole journal that must come of it. `moves` are `+step` (an
attempt begins), `-step` (it succeeds), `-step:label` (choosing a route), `!step` (it fails) and `cancel`.

What takes more than one run, or outside help, is played by an engine: then `+step` waits until the step is under way,
and there are `name!` (a signal for the run that waits for it) and `end` (the run has ended). In loops and called runs a
step is named with its `item` or `iteration`: `one.3`.
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
    by_engine: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    calls: tuple[dict[str, Any], ...] = ()
    """The steps of another workflow that is called, `OTHER`."""
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What steps come to, by their names in `moves`."""
    children: tuple[str, ...] = ()
    """The journals of the runs that were called, each before those it called in turn."""
    at_once: int | None = None
    """How many steps were under way at once at most."""


def _work(step_id: str, *onward: Any, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "ref": "t.work", "next": list(onward), **more}


OTHER: Final = "o" * 36


def _it(step_id: str, *onward: Any, **more: Any) -> dict[str, Any]:
    return {"id": step_id, "ref": "do.it", "next": list(onward), **more}


def _wait(step_id: str, to: str, **params: Any) -> dict[str, Any]:
    params = {"onTimeout": "continue", **params}
    return {"id": step_id, "ref": "flow.wait", "params": params, "next": [{"to": to, "label": "received"}]}


def _call(step_id: str, **params: Any) -> dict[str, Any]:
    return {"id": step_id, "ref": "flow.call", "params": {"workflow": OTHER, **params}}


def _each(items: Any, *body: dict[str, Any], onward: tuple[str, ...] = ()) -> dict[str, Any]:
    params = {"items": items, "concurrency": 3}
    return {"id": "each", "ref": "flow.foreach", "params": params, "body": {"steps": list(body)}, "next": list(onward)}


_ASKED: Final = "+s -s +one +more ?more signal.received =more -more"
_INSTANCE: Final = "run.started +one -one run.succeeded"


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
        "a step runs once in a run; what follows the merge is a workflow that each way calls (`flow.call`)",
        (_it("a", "b", "c"), _it("b", "after_b"), _it("c", "after_c"), _call("after_b"), _call("after_c")),
        "+a -a +b +c -b +d -d -c +d -d",
        "run.started +a -a +b +c -b +after_b ?after_b *after_b -after_b -c +after_c ?after_c *after_c -after_c "
        "run.succeeded",
        by_engine=True,
        calls=(_it("d"),),
        children=("run.started +d -d run.succeeded", "run.started +d -d run.succeeded"),
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
        "workaround",
        "arrows that go round are refused at save, so that no run goes on for ever; `flow.repeat` goes round, and "
        "where it goes on is data of the round before",
        (
            {
                "id": "round",
                "ref": "flow.repeat",
                "params": {"until": "result.to == 'z'", "max": 10},
                "body": {
                    "steps": [
                        _it(
                            "at",
                            {"to": "b", "when": "data.last == null || data.last.to == 'b'"},
                            {"to": "c", "otherwise": True},
                        ),
                        _it("b"),
                        _it("c"),
                    ]
                },
                "next": "z",
            },
            _it("z"),
        ),
        "-at.1 +b.1 -b.1 -at.2 +c.2 -c.2 -at.3 +b.3 -b.3 +z -z",
        "run.started +round ?round *round -round +z -z run.succeeded",
        by_engine=True,
        outputs={"b.1": {"to": "c"}, "c.2": {"to": "b"}, "b.3": {"to": "z"}},
        children=(
            "run.started +at -at ~c +b -b run.succeeded",
            "run.started +at -at ~b +c -c run.succeeded",
            "run.started +at -at ~c +b -b run.succeeded",
        ),
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
        12,
        "Multiple instances without synchronization",
        "supported",
        "`flow.call` with `wait: false`, in a `flow.foreach` for as many as there are",
        (_each([1, 2, 3], _call("begin", wait=False, data={"item": "{{data.item}}"}), onward=("z",)), _it("z")),
        "+one.1 +one.2 +one.3 +z -z end -one.3 -one.1 -one.2",
        "run.started +each ?each *each -each +z -z run.succeeded",
        by_engine=True,
        calls=(_it("one"),),
        children=("run.started +begin ?begin *begin -begin run.succeeded", _INSTANCE) * 3,
    ),
    Pattern(
        13,
        "Multiple instances with a priori design time knowledge",
        "supported",
        "`flow.foreach` over a list in the document, or so many steps with a join behind them",
        (_each([1, 2, 3], _it("one"), onward=("z",)), _it("z")),
        "+one.1 +one.2 +one.3 -one.3 -one.1 -one.2 +z -z",
        "run.started +each ?each *each -each +z -z run.succeeded",
        by_engine=True,
        children=(_INSTANCE,) * 3,
    ),
    Pattern(
        14,
        "Multiple instances with a priori runtime knowledge",
        "supported",
        "`flow.foreach` over a list of the data; what follows has all results in their order",
        (_it("a", "each"), _each("data.found", _it("one"), onward=("z",)), _it("z")),
        "+a -a +one.x +one.y -one.y -one.x +z -z",
        "run.started +a -a +each ?each *each -each +z -z run.succeeded",
        by_engine=True,
        outputs={"a": {"found": ["x", "y"]}},
        children=(_INSTANCE,) * 2,
    ),
    Pattern(
        15,
        "Multiple instances without a priori knowledge",
        "workaround",
        "a workflow that waits for a signal beside its work and then calls itself: each instance can ask for another, "
        "and whoever called the first goes on when all have ended",
        (_call("first") | {"next": "z"}, _it("z")),
        "+one more! +one more! -one +one -one -one +z -z",
        "run.started +first ?first *first -first +z -z run.succeeded",
        by_engine=True,
        calls=(
            {"id": "s", "ref": "t.echo", "next": ["one", "more"]},
            _it("one"),
            _wait("more", "again", signal="more", untilStep="one"),
            _call("again"),
        ),
        children=(
            *("run.started " + _ASKED + " +again ?again *again -one -again run.succeeded",) * 2,
            "run.started +s -s +one +more ?more -one =more -more ~again run.succeeded",
        ),
    ),
    Pattern(
        16,
        "Deferred choice",
        "supported",
        "one `flow.wait` for each way, which name each other in `untilStep`: the first signal closes the others, as "
        "`join: {count: 1, rest: cancel}` behind them does. "
        "`flow.approval` chooses by who answers, `flow.wait` with a `timeout` between a signal and a time",
        (
            _it("a", "paid", "withdrawn"),
            _wait("paid", "ship", signal="paid", untilStep="withdrawn"),
            _wait("withdrawn", "refund", signal="withdrawn", untilStep="paid"),
            _it("ship"),
            _it("refund"),
        ),
        "+a -a withdrawn! +refund -refund",
        "run.started +a -a +paid ?paid +withdrawn ?withdrawn signal.received =withdrawn -withdrawn =paid -paid ~ship "
        "+refund -refund run.succeeded",
        by_engine=True,
    ),
    Pattern(
        17,
        "Interleaved parallel routing",
        "supported",
        "`maxParallel: 1`: one step after another, in any order the arrows allow (here that of the document)",
        (_it("a", "b", "c"), _it("b", "d"), _it("c", "d"), _it("d")),
        "+a -a +b -b +c -c +d -d",
        "run.started +a -a +b -b +c -c +d -d run.succeeded",
        {"maxParallel": 1},
        by_engine=True,
        at_once=1,
    ),
    Pattern(
        18,
        "Milestone",
        "supported",
        "`flow.wait` with `untilStep`: open from the step before it until the end of the step named",
        (
            _it("a", "b", "early", "late"),
            _it("b"),
            _wait("early", "change", signal="change", untilStep="b"),
            _wait("late", "recall", signal="recall", untilStep="b"),
            _it("change"),
            _it("recall"),
        ),
        "+a -a +b change! +change -change -b",
        "run.started +a -a +b +early ?early +late ?late signal.received =early -early +change -change -b =late -late "
        "~recall run.succeeded",
        by_engine=True,
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
