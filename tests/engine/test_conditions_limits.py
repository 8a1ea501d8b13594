"""What conditions cannot do, and that they answer as the library does on its own."""

from __future__ import annotations

import json
import time
from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.conditions import compile_condition
from engine.errors import Invalid
from engine.expressions.program import panic
from engine.expressions.split import MACROS


def value(source: str, scope: dict[str, Any]) -> Any:
    return compile_condition(source).value(scope)


def _nested(levels: int) -> Any:
    found: Any = 1
    for _ in range(levels):
        found = {"a": found}
    return found


@pytest.mark.parametrize("source", ["data.x == 1", "data.x", "[1].map(y, data.x)", "data == 1"])
def test_deep_data_is_an_error_and_not_a_crash(source: str) -> None:
    """Row 38: the library would overflow its stack."""
    with pytest.raises(Invalid, match="nested deeper than"):
        value(source, {"data": {"x": _nested(900)}})


_ROWS = [{"id": f"n{n}", "v": n, "tags": ["a", "b"]} for n in range(1000)]
_LARGE = {"data": {"rows": _ROWS, "text": "x" * 1_000_000, "pattern": "(\\w{50}){2}", "plain": "^n$"}}


@pytest.mark.parametrize(
    "source",
    [
        "data.rows.all(a, data.rows.all(b, data.rows.all(c, true)))",
        "data.rows.map(a, data.rows)",
        "data.rows.map(a, data.text)",
        "data.rows.map(a, data.text + data.text)",
        "data.rows.all(a, data.rows.map(b, b.id).size() > 0)",
        "data.rows.all(r, r.id.matches('\\\\w{50}') || true)",
        "data.rows.all(r, r.id.matches(data.pattern) || true)",
        "data.rows.all(r, r.id.matches(data.pattern + '') || true)",
        "data.rows.all(r, matches(r.id, data.pattern) || true)",
        "data.rows.all(r, data.rows.filter(x, true) == data.rows)",
    ],
)
def test_expressions_that_multiply_are_stopped(source: str) -> None:
    """Row 38: nested comprehensions, copies of large values and costly patterns end with an error, soon."""
    condition = compile_condition(source)
    start = time.perf_counter()
    with pytest.raises(Invalid, match="takes too long"):
        condition.value(_LARGE)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("data.rows.filter(r, r.v >= 990).size()", 10),
        ("data.rows.map(r, r.id).size()", 1000),
        ("data.rows.all(r, r.tags.exists(t, t == 'b'))", True),
        ("data.rows.exists(r, r.id.matches('^n9{3}$'))", True),
        ("data.rows.exists(r, 'n' .matches(data.plain) && r.id.matches('z'))", False),
        ("size(data.rows) == 1000 && data.text.startsWith('x')", True),
    ],
)
def test_ordinary_lists_are_not_stopped(source: str, expected: Any) -> None:
    assert value(source, _LARGE) == expected


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*$", "a{1,30}{1,30}{1,30}"])
def test_patterns_are_linear(pattern: str) -> None:
    """Row 38: no pattern hangs; one that is too large to compile is an error."""
    start = time.perf_counter()
    try:
        value(f"data.s.matches('{pattern}')", {"data": {"s": "a" * 50_000 + "!"}})
    except Invalid as error:
        assert error.code == "condition_failed"  # noqa: PT017  either end is fine, a hang is not
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os').system('true')",
        "data.__class__",
        "data.name.__len__()",
        "eval('1')",
        "open('/etc/passwd')",
        "data.name.format(data)",
        "globals()",
    ],
)
def test_no_python_is_reachable(source: str) -> None:
    """Row 38: an expression sees values, never objects."""
    with pytest.raises(Invalid):
        value(source, {"data": {"name": "Ada"}})


def test_data_is_never_an_expression() -> None:
    """Row 38: a text that looks like CEL stays a text."""
    assert value("data.x", {"data": {"x": "1 + 1"}}) == "1 + 1"
    assert value("data.x == '1 + 1'", {"data": {"x": "1 + 1"}}) is True


def test_a_panic_of_the_library_is_an_error_but_an_interrupt_is_not() -> None:
    """Row 38: the extension's panics derive from BaseException."""

    class PanicException(BaseException):
        pass

    error = PanicException("index out of range")
    assert panic(error) is error
    with pytest.raises(KeyboardInterrupt):
        panic(KeyboardInterrupt())


_LEAVES = st.sampled_from(
    (
        "data.n",
        "data.s",
        "data.l",
        "data.m",
        "data.m.k",
        "data.l[0]",
        "data.rows",
        "data.none",
        "data.missing",
        "data['s']",
    )
) | st.sampled_from(("x", "y", "x.k", "1", "1.5", "'a'", "true", "null", "[]", "[1, 2]", "{'k': 1}", "[data.n, 3]"))
_EXPRESSIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "==", "<", "&&", "||", "in", "!="]), inner),
        st.builds("{}.{}(x, {})".format, inner, st.sampled_from(sorted(MACROS)), inner),
        st.builds("{}.map(y, {}, {})".format, inner, inner, inner),
        st.builds("size({})".format, inner),
        st.builds("{}.size()".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("has({}.k)".format, st.sampled_from(["data.m", "data.none", "x", "data.rows[0]"])),
    ),
    max_leaves=8,
)
# No object has two keys: the library goes over them in an order that changes, we do in theirs.
_PLAIN = {
    "data": {
        "n": 1,
        "s": "a",
        "l": [1, 2, 1],
        "m": {"k": [1]},
        "none": None,
        "rows": [{"k": 1}, {"k": 2}],
    }
}


def _library(source: str) -> tuple[bool, Any]:
    try:
        return True, cel.compile(source).execute(_PLAIN)
    except Exception:
        return False, None


def _ours(source: str) -> tuple[bool, Any] | None:
    try:
        condition = compile_condition(source)
    except Invalid as error:
        return None if "comprehensions inside" in error.message else (False, None)
    try:
        return True, condition.value(_PLAIN)
    except Invalid:
        return False, None


@settings(max_examples=1000, deadline=None)
@given(_EXPRESSIONS)
def test_the_answers_are_those_of_the_library(source: str) -> None:
    """Taking comprehensions out and cutting the scope down changes no result."""
    ours = _ours(source)
    if ours is not None:
        assert json.dumps(ours, sort_keys=True) == json.dumps(_library(source), sort_keys=True)  # 1 is not true


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="data.[]()'\"x,+ all(map)&|!?:{}10\\\n", max_size=40) | st.text(max_size=20))
def test_any_text_is_an_expression_or_an_invalid(source: str) -> None:
    """Row 38: nothing but Invalid comes out of compiling or evaluating."""
    try:
        compile_condition(source).value(_PLAIN)
    except Invalid as error:
        assert error.code in ("bad_expression", "condition_failed")  # noqa: PT017
