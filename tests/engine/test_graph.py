"""Validation: every problem at once, with its code, step, field and hint; and what the arrows say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.checks.reading import READ_ONLY
from engine.graph import check_draft, validate
from tests.engine.kinds import REGISTRY, problems, step, the

GOOD = {
    "name": "Orders",
    "scheduleCron": "0 9 * * 1-5",
    "timezone": "Europe/Berlin",
    "steps": [
        step("hook", "http.webhook", type="TRIGGER", next="check"),
        step(
            "check",
            "t.if",
            params={"condition": "data.total > 100 && has(steps.hook.total)"},
            next=[{"to": "call", "label": "true"}, {"to": "note", "label": "false"}],
        ),
        step(
            "call",
            "t.call",
            params={"url": "https://x/{{data.id}}", "timeoutMs": "{{data.ms}}", "wanted": ["{{data.a}}"]},
            next=[{"to": "note", "when": "steps.call.status == 200"}, {"to": "sorry", "otherwise": True}],
            onError="sorry",
        ),
        step("note", "t.note", params={"text": "{{steps.check.x}} {{steps.call.y}}"}),
        step("sorry", "t.note", params={"text": "{{steps.call.error.message | upper}}"}),
    ],
}


def test_a_good_workflow_has_no_problems() -> None:
    draft, found = validate(GOOD, REGISTRY)
    assert found == []
    assert draft is not None
    assert draft.steps[2].params["url"] == "https://x/{{data.id}}"
    assert check_draft(draft, REGISTRY) == []


def test_a_fetched_document_is_a_draft_again() -> None:
    fetched = {**GOOD, **dict.fromkeys(READ_ONLY, 1)}
    assert validate(fetched, REGISTRY)[1] == []
    assert the(step("a"), owner_id="x") == ("unknown_field", None, "owner_id")


def test_every_problem_is_found_at_once() -> None:
    """Row 26 and many more: one look shows all that is wrong, document first, then step by step."""
    found = problems(
        step("hook", "http.webhook", type="TRIGGER", next=["a", "nowhere"]),
        step("a", "t.note", params={"text": "{{b", "levle": "info"}, next="b"),
        step("b", "t.noet", next="a"),
        step("c", "t.if", params={"condition": "data.n >"}, next=[{"to": "c", "label": "maybe"}]),
        timezone="Mars",
        scheduleCron="* *",
        colour="red",
    )
    assert [(p.code, p.step_id, p.field) for p in found] == [
        ("unknown_field", None, "colour"),
        ("timezone", None, "timezone"),
        ("cron", None, "scheduleCron"),
        ("unknown_step", "hook", "next[1]"),
        ("template_syntax", "a", "params.text"),
        ("unknown_field", "a", "params.levle"),
        ("cycle", "b", "next"),
        ("unknown_ref", "b", "ref"),
        ("self_arrow", "c", "next[0]"),
        ("unreachable_step", "c", None),
        ("bad_expression", "c", "params.condition"),
        ("unknown_label", "c", "next[0].label"),
    ]
    hints = {problem.code: problem.hint for problem in found}
    assert hints["unknown_ref"] == "did you mean t.note?"
    assert hints["unknown_label"] == "known: true, false"
    assert {problem.field: problem.hint for problem in found}["params.levle"] == "did you mean level?"


def test_what_pydantic_refuses_does_not_hide_the_rest() -> None:
    found = problems(
        step("a", "t.nope", next="b", retry={"maxAttempts": 0, "backofMs": 5}),
        step("b", "t.note", params={"text": 5}, timeoutMs="soon"),
        step("c d"),
        step("e", "t.note", next=[{"to": "b", "wen": "true"}, 7]),
        {"ref": "t.free"},
        "step",
        tags="x",
    )
    assert [(p.code, p.step_id, p.field) for p in found] == [
        ("wrong_type", None, "tags"),
        ("missing_field", None, "steps[4].id"),
        ("wrong_type", None, "steps[5]"),
        ("bad_value", "a", "retry.maxAttempts"),
        ("unknown_field", "a", "retry.backofMs"),
        ("unknown_ref", "a", "ref"),
        ("wrong_type", "b", "timeoutMs"),
        ("wrong_type", "b", "params.text"),
        ("bad_value", "c d", "id"),
        ("unknown_field", "e", "next[0].wen"),
        ("wrong_type", "e", "next[1]"),
        ("missing_field", "e", "params.text"),
    ]
    said = {problem.field: (problem.message, problem.hint) for problem in found}
    assert said["retry.backofMs"] == ("there is no field backofMs", "did you mean backoffMs?")
    assert said["next[0].wen"] == ("there is no field wen", "did you mean when?")
    assert said["next[1]"][0] == "should be a text or an object, not 7"
    assert said["timeoutMs"][0] == 'should be a whole number, not "soon"'
    assert "letters, digits" in (said["id"][1] or "")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (None, "wrong_type"),
        ([], "wrong_type"),
        ("x", "wrong_type"),
        ({}, "missing_field"),
        ({"name": "x"}, "missing_field"),
        ({"name": "x", "steps": []}, "bad_value"),
        ({"name": "x", "steps": {"a": 1}}, "wrong_type"),
        ({"name": "x", "steps": [step("a", params={"x": float("nan")})]}, "json_not_finite"),
        ({"name": "x", "steps": [step("a")], 5: 1}, "json_bad_key"),
        ({"name": "\ud800", "steps": [step("a")]}, "json_bad_text"),
    ],
)
def test_documents_that_are_no_workflow(document: Any, code: str) -> None:
    draft, found = validate(document, REGISTRY)
    assert draft is None
    assert code in [problem.code for problem in found]


def test_endless_nesting_is_refused() -> None:
    """Row 23: a document nested too deep is a problem and not a crash."""
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    assert [problem.code for problem in validate({"name": "x", "steps": [step("a", params=deep)]}, REGISTRY)[1]] == [
        "json_too_deep"
    ]


_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["{{x}}", "{{", "a", "t.note"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "ref", "next", "to", "when", "params", "steps", "name", "x"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)
_STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c"]),
            "ref": st.sampled_from(["t.note", "t.if", "t.call", "t.switch", "t.free", "http.webhook"]),
        },
        optional={
            "next": st.sampled_from(["a", "b", ["a", "c"]]) | _ANY,
            "params": _ANY,
            "type": st.sampled_from(["TRIGGER", "ACTION", "X"]),
            "onError": st.sampled_from(["a", "b", 5]),
            "retry": _ANY,
        },
    ),
    max_size=4,
)


@settings(max_examples=400, deadline=None)
@given(
    _ANY | st.fixed_dictionaries({"name": st.just("w"), "steps": _STEPS}, optional={"scheduleCron": _ANY, "x": _ANY})
)
def test_any_document_is_a_draft_or_has_problems(document: Any) -> None:
    """Nothing that parses as JSON makes validation fail, and a draft comes out exactly when there are no problems."""
    draft, found = validate(document, REGISTRY)
    assert (draft is None) == bool(found)
    for problem in found:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", problem.code)
        assert problem.message
    if draft is not None:
        assert check_draft(draft, REGISTRY) == []


def test_every_code_is_documented() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "problems.md").read_text(encoding="utf-8")
    sources = [*(root / "engine" / "checks").glob("*.py"), root / "engine" / "graph.py", root / "engine" / "cron.py"]
    codes = {
        code for path in sources for code in re.findall(r'Problem\(\s*"([a-z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert {"cycle", "unknown_ref", "not_an_ancestor", "cron"} <= codes
    assert sorted(code for code in codes if f"`{code}`" not in page) == []
