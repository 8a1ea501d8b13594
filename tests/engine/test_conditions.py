"""CEL conditions: values, messages, limits, and the same answers as the library alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.conditions import compile_condition
from engine.errors import Invalid
from engine.expressions.functions import ADDED, NATIVE
from engine.expressions.split import MACROS

SCOPE: dict[str, Any] = {
    "data": {
        "email": "me@example.com",
        "name": "Ada",
        "n": 5,
        "price": 1.5,
        "ok": True,
        "nothing": None,
        "tags": ["a", "b"],
        "odd key": 1,
        "when": "2026-11-23T09:00:00Z",
        "person": {"first": "Ada", "last": "L"},
        "orders": [
            {"id": "x", "total": 50, "lines": [{"qty": 1}, {"qty": 2}]},
            {"id": "y", "total": 150, "lines": []},
        ],
    },
    "steps": {"get-user": {"status": 200, "body": {"roles": ["admin"]}}},
    "trigger": {"method": "POST"},
    "run": {"id": "r"},
    "workflow": {"name": "W"},
}


def value(source: str, scope: dict[str, Any] | None = None) -> Any:
    return compile_condition(source).value(SCOPE if scope is None else scope)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("true", True),
        ("data.email != ''", True),
        ("data.n > 3 && data.price < 2", True),
        ("data.n == 5.0", True),
        ("data.ok ? data.name : 'nobody'", "Ada"),
        ("data.nothing == null", True),
        ("data.n", 5),
        ("data.price * 2.0", 3.0),
        ("data", SCOPE["data"]),
        ("data.tags", ["a", "b"]),
        ("data['odd key']", 1),
        ('steps["get-user"].status == 200', True),
        ("'admin' in steps['get-user'].body.roles", True),
        ("data.tags[1]", "b"),
        ("data.orders[1].lines", []),
        ("has(data.email) && !has(data.phone)", True),
        ("has(data.person.first)", True),
        ("size(data.tags) == 2 && data.orders.size() == 2 && size(data.name) == 3", True),
        ("size(data.person)", 2),
        ("size(data.person) + size(data.person.first)", 5),
        ("size(data.orders) + data.orders[0].total", 52),
        ("'n' in data", True),
        ("data . name + data\n.email // both", "Adame@example.com"),
        ("timestamp(data.when) > timestamp('2026-01-01T00:00:00Z')", True),
        ("timestamp(data.when)", "2026-11-23T09:00:00.000Z"),
        ("timestamp(data.when) - duration('1h30m')", "2026-11-23T07:30:00.000Z"),
        ("duration('90s')", "90s"),
        ("b'abc'", "YWJj"),
        ("{'a': 1, 2: [true], false: null}", {"a": 1, "2": [True], "false": None}),
        ("data.email.matches('^[^@]+@example[.]com$')", True),
        ("data.email.endsWith('.com') && data.email.contains('@')", True),
        ("data.email.upperAscii()", "ME@EXAMPLE.COM"),
        ("lowerAscii(' A ').trim()", "a"),
        ("'a,b'.split(',').map(x, x + x).join('-')", "aa-bb"),
        ("sum(data.orders.map(o, o.total)) + max(1, 2) - min([3, 4])", 199),
        ("sum([1.5, 2]) + double(sum([]))", 3.5),
        ("trigger.method + run.id + workflow.name", "POSTrW"),
        ("int('12') + int(2.9) + size([1, 2])", 16),
        ("string(data.n) + string(1.5)", "51.5"),
        ("type(data.n) == int", True),
    ],
)
def test_values(source: str, expected: Any) -> None:
    found = value(source)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("data.orders.filter(o, o.total > 100)", [SCOPE["data"]["orders"][1]]),
        ("data.orders.filter(o, o.total > 10).map(o, o.id)", ["x", "y"]),
        ("data.orders.map(o, o.total > 100, o.id)", ["y"]),
        ("data.orders.map(o, o.lines.map(l, l.qty * 2))", [[2, 4], []]),
        ("data.orders.exists(o, o.lines.exists(l, l.qty == 2))", True),
        ("data.orders.all(o, o.total > 10) && !data.orders.exists_one(o, o.total > 10)", True),
        ("data.orders.existsOne(o, o.id == data.orders[0].id)", True),
        ("size(data.orders.filter(o, size(o.lines) > 0))", 1),
        ("data.orders.filter(o, o.total > 100)[0].id", "y"),
        ("data.orders[0].lines.map(l, l.qty)", [1, 2]),
        ("data['orders'].map(o, o.id)", ["x", "y"]),
        ("[1, 2, 3].filter(x, x > 1)", [2, 3]),
        ("([1] + [2]).map(x, x + 1)", [2, 3]),
        ("(data.ok ? [1] : [2]).map(x, x)", [1]),
        ("{'a': 1, 'b': 2}.map(k, k + '!').size()", 2),
        ("data.person.exists(k, k == 'last')", True),
        ("data.tags.map(data, data + '!')", ["a!", "b!"]),
        ("data.tags.map(x, [1, 2].map(x, x))", [[1, 2], [1, 2]]),
        ("data.tags.map(t, data.n)", [5, 5]),
        ("has(data.phone) && data.phone.all(p, p > 0)", False),
        ("'map(x, y)' + \".all(\" + '''.map(x, (''' + r'\\(' ", "map(x, y).all(.map(x, (\\("),
        ("[].all(x, x) && ![].exists(x, x)", True),
        ("data.tags.map(x, x == 'a' ? 1 : 2)", [1, 2]),
        ("[[1, 2], [3]].map(l, l.filter(x, x != 2)).map(l, size(l))", [1, 1]),
        ("[1, 2].map(_ab, _ab * 2)", [2, 4]),
    ],
)
def test_comprehensions(source: str, expected: Any) -> None:
    assert value(source) == expected


def test_the_keys_of_a_built_object_are_in_a_fixed_order() -> None:
    for _ in range(5):
        assert list(value("{'c': 1, 'a': data.person, 'b': {'z': 1, 'y': 2}}")) == ["a", "b", "c"]
        assert list(value("data.orders.map(o, {'t': o.total, 'i': o.id, 'a': 1, 'x': 2})")[0]) == ["a", "i", "t", "x"]


def test_the_result_is_the_same_data_and_not_a_view_of_it() -> None:
    orders = value("data.orders")
    assert orders == SCOPE["data"]["orders"]
    assert orders is not SCOPE["data"]["orders"]


@pytest.mark.parametrize(
    ("source", "line", "column", "message", "hint"),
    [
        ("", 1, 1, "empty", None),
        ("data.n >", 1, 9, "ends too early", None),
        ("data.n == 1 &&\n  data.name ==", 2, 15, "ends too early", None),
        ("foo bar", 1, 5, "'bar' is not expected here", None),
        ("data.n = 5", 1, 8, "cannot read", "=="),
        ("data.n > 1 and data.ok", 1, 12, "'and' is not expected here", "&&"),
        ("{{data.n}} > 1", 1, 9, "not expected", "no braces"),
        ("'open", 1, 1, "cannot read 'open", None),
        ("9999999999999999999", 1, 1, "invalid int literal", None),
        ("data.name.lowercase() == 'a'", 1, 11, "there is no function lowercase", "lowerAscii"),
        ("shout(data.name)", 1, 1, "there is no function shout", None),
        ("data.tags.all(x)", 1, 11, "all takes a name and an expression", None),
        ("data.tags.all(x, y, z)", 1, 11, "all takes a name and an expression", None),
        ("[1].map(x, [1].map(y, [1].map(z, [1].map(w, w))))", 1, 34, "more than 3 comprehensions", None),
        ("1" + " + 1" * 600, 1, 1, "longer than 2,000 characters", None),
        ("(" * 400 + "1" + ")" * 400, 1, 1, "", None),
        ("has(data)", 1, 5, "invalid argument to has", None),
        ("data.a ? 1", 1, 11, "", None),
        ("\ud800", 1, 1, "not an expression", None),
    ],
)
def test_bad_expressions_say_where(source: str, line: int, column: int, message: str, hint: str | None) -> None:
    with pytest.raises(Invalid) as caught:
        compile_condition(source)
    problem = caught.value.problems[0]
    assert caught.value.code == problem.code == "bad_expression"
    assert message in problem.message
    assert hint is None or hint in (problem.hint or "")
    if message:
        assert (problem.line, problem.column) == (line, column)


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("data.phone == ''", "data.phone is missing", "has(data.phone)"),
        ("data.person.middle.initial == ''", "data.person.middle is missing", "has(data.person.middle)"),
        ("steps['other-step'].status == 1", 'steps["other-step"] is missing', None),
        ("data.person['x y'] == 1", 'data.person["x y"] is missing', None),
        ("email != ''", "email is not known here", "use data.email"),
        ("dat.email != ''", "dat is not known here", "did you mean data?"),
        (".data.n == 5", "data is not known here", None),
        ("data.nothing.x == 1", "data.nothing is null and has no x", "data.nothing != null"),
        ("data.name.first == 'A'", "data.name is a text and has no first", None),
        ("data.n > '3'", "the types do not fit: data.n is a number", "int(x)"),
        ("data.n && true", "the types do not fit: data.n is a number", None),
        ("data.tags[7] == 'a'", "there is no item 7 in the list", "size"),
        ("data.n / 0 == 1", "division by zero", None),
        ("9223372036854775807 + data.n == 1", "does not fit 64 bits", None),
        ("timestamp(data.name) == timestamp(data.when)", "timestamp:", None),
        ("data.name.matches('(')", "matches:", None),
        ("size(data.n) == 1", "size() does not work on these values: data.n is a number", None),
        ("data.orders.map(o, o.price)", "o.price is missing, at item 0 of map", "has(o.price)"),
        ("data.orders.all(o, o.id)", "a condition comes to a text, not to true or false, at item 0 of all", None),
        ("data.n.map(x, x)", "map goes over a list or an object, not over a number", None),
        ("data.phones.map(x, x)", "data.phones is missing", None),
        ("data.n.lowerAscii()", "lowerAscii works on a text", None),
        ("lowerAscii('a', 'b')", "lowerAscii takes other arguments than these 2", None),
        ("sum(['a'])", "sum works on numbers", None),
        ("max([])", "max needs at least one value", None),
        ("1.0 / 0.0", "not a finite number", None),
        ("18446744073709551615u", "does not fit 64 bits", None),
        ("x{a: 1}", "cannot be worked out", None),
    ],
)
def test_failures_say_what_is_missing(source: str, message: str, hint: str | None) -> None:
    with pytest.raises(Invalid) as caught:
        value(source)
    assert caught.value.code == caught.value.problems[0].code == "condition_failed"
    assert message in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")


def test_a_condition_must_come_to_true_or_false() -> None:
    assert compile_condition("data.ok").test(SCOPE) is True
    assert compile_condition("!data.ok").test(SCOPE) is False
    for source in ("data.n", "data.name", "data.nothing", "1 + 1"):
        with pytest.raises(Invalid, match="not to true or false"):
            compile_condition(source).test(SCOPE)


def test_extra_names_are_variables() -> None:
    assert compile_condition("item.total > data.n").value({**SCOPE, "item": {"total": 6}}) is True


def test_lookups_are_the_paths_an_expression_reads() -> None:
    found = compile_condition("data.a.b > 1 &&\n data.l.all(x, x.y == steps['s-1'].out[0] && has(data.a.c)) && email")
    assert found.lookups == {
        ("data", "a", "b"): 0,
        ("data", "l"): 17,
        ("steps", "s-1", "out", 0): 38,
        ("data", "a", "c"): 65,
        ("email",): 79,
    }
    assert found.place(38) == (2, 23)


def test_only_what_is_read_is_converted() -> None:
    """A large value beside the one that is read costs nothing, and is not even looked at."""
    scope = {"data": {"n": 5, "big": object()}, "steps": object()}
    assert compile_condition("data.n == 5").value(scope) is True
    with pytest.raises(Invalid, match="not JSON"):
        compile_condition("data == 5").value(scope)


def test_every_function_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "conditions.md").read_text(encoding="utf-8")
    assert [name for name in {*NATIVE, *ADDED, *MACROS} if f"`{name}" not in page and f".{name}(" not in page] == []


def test_the_librarys_own_command_line_is_not_loaded() -> None:
    """It would cost every start 0.1 s and 24 MB; imported after ours, the whole package still works."""
    code = (
        "import sys, engine.conditions as c\n"
        "heavy = [name for name in ('typer', 'rich', 'prompt_toolkit', 'pygments') if name in sys.modules]\n"
        "import cel\n"
        "works = cel.evaluate('1 + 1') == 2 and c.compile_condition('true').test({})\n"
        "sys.exit(0 if works and not heavy else repr(heavy))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
