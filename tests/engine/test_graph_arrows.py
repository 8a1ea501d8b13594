"""What validation says about steps and arrows, and what the arrows say."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph import ancestors, entry_steps, find_cycle
from engine.models.workflow import WorkflowDraft
from tests.engine.kinds import problems, step, the


class TestArrows:
    def test_duplicate_ids(self) -> None:
        assert the(step("a", next="b"), step("b"), step("b")) == ("duplicate_step", "b", "id")

    def test_unknown_targets_name_the_nearest(self) -> None:
        found = problems(
            step("first", next="secnd", onError="thrd"), step("second"), step("third"), entryStepId="frist"
        )
        assert [(p.code, p.field, p.hint) for p in found if p.code == "unknown_step"] == [
            ("unknown_step", "entryStepId", "did you mean first?"),
            ("unknown_step", "next", "did you mean second?"),
            ("unknown_step", "onError", "did you mean third?"),
        ]

    @pytest.mark.parametrize(("field", "arrows"), [("next", {"next": "a"}), ("onError", {"onError": "a"})])
    def test_an_arrow_to_itself(self, field: str, arrows: dict[str, Any]) -> None:
        assert the(step("a", **arrows)) == ("self_arrow", "a", field)

    def test_cycles_name_their_path(self) -> None:
        """Row 26."""
        (problem,) = problems(step("s", next="a"), step("a", next="b"), step("b", next=["c"]), step("c", onError="a"))
        assert problem.code == "cycle"
        assert "a → b → c → a" in problem.message

    def test_each_of_several_cycles_is_told(self) -> None:
        """Row 26."""
        found = problems(
            step("s", next=["a", "c"]),
            step("a", next="b"),
            step("b", next="a"),
            step("c", next=["d"]),
            step("d", next="c"),
        )
        assert [p.message.split(": ")[1] for p in found] == ["a → b → a", "c → d → c"]

    def test_a_long_cycle_is_shortened(self) -> None:
        """Row 26."""
        ring = [step(f"s{n}", next=f"s{(n + 1) % 500}") for n in range(500)]
        assert len(problems(*ring)[0].message) < 200

    def test_diamonds_are_no_cycles(self) -> None:
        assert problems(step("a", next=["b", "c"]), step("b", next="d"), step("c", next="d"), step("d")) == []

    def test_unreachable_steps(self) -> None:
        found = problems(step("a", next="b"), step("b"), step("c", next="d"), step("d"))
        assert [(p.code, p.step_id) for p in found] == [("unreachable_step", "c"), ("unreachable_step", "d")]

    def test_every_trigger_is_a_start(self) -> None:
        first = step("one", "t.manual", type="TRIGGER", next="x")
        second = step("two", "http.webhook", type="TRIGGER", next="y")
        assert problems(first, second, step("x"), step("y")) == []
        assert problems(step("x"), step("y"), first, second, entryStepId="x") == []

    def test_an_arrow_into_a_trigger(self) -> None:
        hook = step("hook", "http.webhook", type="TRIGGER", next="a")
        assert the(hook, step("a", next="b"), step("b", onError="m"), step("m", "t.manual", type="TRIGGER")) == (
            "arrow_into_trigger",
            "b",
            "onError",
        )

    def test_one_kind_of_condition_for_each_arrow(self) -> None:
        edge = {"to": "b", "when": "true", "label": "x", "otherwise": True}
        (problem,) = problems(step("a", next=[edge]), step("b"))
        assert problem.code == "arrow_conflict"
        assert "when and label and otherwise" in problem.message

    def test_more_than_one_otherwise(self) -> None:
        edges = [{"to": "b", "otherwise": True}, {"to": "c", "otherwise": True}]
        assert the(step("a", next=edges), step("b"), step("c")) == ("several_otherwise", "a", "next")

    def test_the_same_arrow_twice(self) -> None:
        assert the(step("a", next=["b", "b"]), step("b")) == ("duplicate_arrow", "a", "next[1]")
        assert problems(step("a", next=[{"to": "b", "when": "true"}, {"to": "b", "when": "false"}]), step("b")) == []

    def test_bad_conditions(self) -> None:
        (problem,) = problems(step("a", next=[{"to": "b", "when": "data.x ="}]), step("b"))
        assert (problem.code, problem.field, problem.line, problem.column) == ("bad_expression", "next[0].when", 1, 8)

    def test_labels_are_those_the_step_chooses(self) -> None:
        cases = {"cases": [{"label": "big", "when": "true"}, {"label": "small", "when": "true"}]}
        edges = [{"to": "b", "label": "big"}, {"to": "b", "label": "smal"}]
        (problem,) = problems(step("a", "t.switch", params=cases, next=edges), step("b"))
        assert (problem.code, problem.field, problem.hint) == ("unknown_label", "next[1].label", "did you mean small?")
        assert problems(step("a", next=edges), step("b")) == []

    def test_labels_of_params_that_are_wrong_are_left_alone(self) -> None:
        found = problems(step("a", "t.switch", params={"cases": 5}, next=[{"to": "b", "label": "x"}]), step("b"))
        assert [(p.code, p.field) for p in found] == [("wrong_type", "params.cases")]


def _walk(start: int, follows: dict[int, set[int]]) -> set[int]:
    seen: set[int] = set()
    waiting = list(follows[start])
    while waiting:
        n = waiting.pop()
        if n not in seen:
            seen.add(n)
            waiting.extend(follows[n])
    return seen


class TestShape:
    def draft(self, *steps: Any, **more: Any) -> WorkflowDraft:
        return WorkflowDraft.model_validate({"name": "w", "steps": list(steps), **more})

    def test_ancestors_stand_in_definition_order(self) -> None:
        draft = self.draft(
            step("e"), step("b", next="d"), step("a", next=["b", "c"]), step("c", onError="d"), step("d", next="e")
        )
        assert ancestors(draft) == {
            "e": ("b", "a", "c", "d"),
            "b": ("a",),
            "a": (),
            "c": ("a",),
            "d": ("b", "a", "c"),
        }

    def test_entry_steps(self) -> None:
        trigger = step("t", "t.manual", type="TRIGGER")
        assert entry_steps(self.draft(step("a"), step("b"))) == ["a"]
        assert entry_steps(self.draft(step("a"), trigger, step("b"))) == ["t"]
        assert entry_steps(self.draft(step("a"), trigger, entryStepId="a")) == ["a"]

    def test_find_cycle(self) -> None:
        assert find_cycle(self.draft(step("a", next="b"), step("b"))) is None
        assert find_cycle(self.draft(step("a", next="b"), step("b", next="c"), step("c", next="b"))) == ["b", "c", "b"]

    @settings(max_examples=200, deadline=None)
    @given(
        st.integers(1, 12).flatmap(
            lambda n: st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=25).map(
                lambda arrows: (n, arrows)
            )
        )
    )
    def test_ancestors_and_cycles_agree_with_walking(self, graph: tuple[int, list[tuple[int, int]]]) -> None:
        """Row 26: over any arrows, a cycle is found exactly when a step is its own ancestor."""
        count, arrows = graph
        follows: dict[int, set[int]] = {n: {to for source, to in arrows if source == n} for n in range(count)}
        draft = self.draft(*(step(f"s{n}", next=[f"s{to}" for to in sorted(follows[n])]) for n in range(count)))
        walked = {n: _walk(n, follows) for n in range(count)}
        found = ancestors(draft)
        for n in range(count):
            assert found[f"s{n}"] == tuple(f"s{m}" for m in range(count) if n in walked[m])
        cycle = find_cycle(draft)
        assert (cycle is not None) == any(n in walked[n] for n in range(count))
        if cycle is not None:
            assert cycle[0] == cycle[-1]
            assert all(int(to[1:]) in follows[int(source[1:])] for source, to in itertools.pairwise(cycle))
