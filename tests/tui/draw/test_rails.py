"""Rails show every step once, below all that lead to it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdesk.tui.draw.lines import plain_lines
from flowdesk.tui.draw.rails import MOST_RAILS, Rail, mark, rails
from flowdesk.tui.draw.topology import Topology


def drawn(rows: list[Rail]) -> list[str]:
    lines = []
    for row in rows:
        sign = row.lines[row.node] if row.step is None else mark(row.kind, reached=True)
        lines.append(f"{row.lines[: row.node]}{sign}{row.lines[row.node + 1 :]} {row.text}".rstrip())
    return lines


def step(name: str, *after: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "next": list(after), **more}


def test_branches_joins_and_forks() -> None:
    rows = rails(
        Topology.of(
            [
                step("hook", "amount", type="TRIGGER"),
                {"id": "amount", "next": [{"to": "ask", "when": "data.n > 1"}, {"to": "auto", "otherwise": True}]},
                step("ask", "enrich"),
                step("auto", "enrich"),
                step("enrich", "save", "send", "post", onError="report"),
                step("save", "report"),
                step("send", "report"),
                step("post", "report"),
                step("report"),
            ]
        )
    )
    assert drawn(rows) == [
        "▶       hook",
        "◆       amount",
        "├─╮     data.n > 1 / otherwise",
        "● │     ask",
        "│ ●     auto",
        "├─╯",
        "●       enrich",
        "├─┬─┬─╮ done / done / done / error",
        "● │ │ │ save",
        "│ ● │ │ send",
        "│ │ ● │ post",
        "├─┴─┴─╯",
        "●       report",
    ]


def test_a_rail_behind_another_is_cut_not_tied() -> None:
    rows = rails(Topology.of([step("a", "b", "z"), step("b", "c", "d"), step("c"), step("d"), step("z")]))
    assert drawn(rows)[:4] == ["●     a", "├─╮", "● │   b", "├─│─╮"]


def test_an_arrow_back_is_named() -> None:
    assert drawn(rails(Topology.of([step("a", "b"), step("b", "a")]))) == ["● a", "● b ↑ a"]


def test_one_arrow_with_a_condition_says_so() -> None:
    assert drawn(rails(Topology.of([{"id": "a", "next": [{"to": "b", "when": "data.x"}]}, step("b")]))) == [
        "◆ a",
        "│ data.x",
        "● b",
    ]


def test_many_rails_leave_room_for_names() -> None:
    ids = [str(number) for number in range(60)]
    rows = rails(Topology.of([step("start", *ids), *(step(name, "end") for name in ids), step("end")]))
    assert {len(row.lines) for row in rows} == {2 * MOST_RAILS - 1}
    assert [row.step for row in rows if row.step] == ["start", *ids, "end"]
    assert all(0 <= row.node < 2 * MOST_RAILS - 1 for row in rows)


def test_nothing_to_draw() -> None:
    assert rails(Topology.of([])) == []


def test_ascii() -> None:
    rows = rails(Topology.of([step("a", "b", "c", "d"), step("b", "d"), step("c", "d"), step("d")]))
    assert all(plain_lines(row.lines).isascii() for row in rows)
    for kind in ("trigger", "action", "branch"):
        for reached in (True, False):
            assert mark(kind, reached, plain=True).isascii()


@given(st.data())
def test_every_step_once_and_below_what_leads_to_it(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    names = [str(number) for number in range(size)]
    steps = [step(names[n], *data.draw(st.lists(st.sampled_from(names[n + 1 :]), max_size=4))) for n in range(size - 1)]
    topology = Topology.of([*steps, step(names[-1])])
    rows = rails(topology)
    place = {row.step: index for index, row in enumerate(rows) if row.step is not None}
    assert sorted(place) == sorted(names)
    assert len([row for row in rows if row.step is not None]) == size
    assert all(place[edge.source] < place[edge.target] for edge in topology.edges)
    assert len({len(row.lines) for row in rows}) == 1
