"""The quick yes: it never says yes to what does not fit, and says it to what webhooks usually bring."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.forms import check_form, problems_with
from engine.quick_form import quick_check
from tests.engine.test_forms import ANSWERS, form

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, 1.5]) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["string", "number", "integer", "boolean", "null", "array", "object", ["string", "null"]])
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "enum": st.lists(st.sampled_from(["a", 1, None]), min_size=1, max_size=2),
        "const": st.sampled_from(["a", 1]),
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "minimum": st.integers(-1, 1),
    },
)


def _holding(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"type": st.just("object")},
        optional={
            "properties": st.dictionaries(st.sampled_from("abc"), parts, max_size=3),
            "required": st.lists(st.sampled_from("abc"), max_size=2),
            "additionalProperties": st.booleans(),
            "const": st.just({"a": 1}),
        },
    )


SCHEMAS = _holding(st.recursive(LEAVES, _holding, max_leaves=4))


@given(schema=SCHEMAS, value=VALUES)
def test_a_yes_is_always_right(schema: dict[str, Any], value: Any) -> None:
    check_form(schema)
    assert not quick_check(schema)(value) or problems_with(value, schema) == []


@given(schema=SCHEMAS, value=VALUES)
def test_values_as_json_brings_them_get_their_yes(schema: dict[str, Any], value: Any) -> None:
    """Else the quick way would be none."""
    assert quick_check(schema)(value) == (problems_with(value, schema) == [])


@pytest.mark.parametrize(("field", "value", "problems"), ANSWERS)
def test_it_agrees_on_every_kind_of_fault(field: dict[str, Any], value: Any, problems: list[tuple[str, str]]) -> None:
    assert quick_check(form(a=field))({"a": value}) == (not problems)
