"""Templates written to break out, read what is not theirs, or make the server work itself to death."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Invalid
from engine.render.compile import compile_params, compile_text
from engine.render.helpers.catalogue import HELPERS

_BUDGET_S = 5.0  # far above what the limits allow, far below what the attacks would take without them


class Thing:
    """Something that must not be reachable."""

    secret = "attribute"

    def __call__(self) -> str:
        return "called"

    def __getitem__(self, key: Any) -> str:
        return "item"


@pytest.mark.parametrize(
    "source",
    [
        "{{name.__class__}}",
        "{{name.__class__.__mro__}}",
        "{{name.upper}}",
        "{{name.format}}",
        "{{#name.format}}{0.__class__}{{/name.format}}",
        "{{data.keys}}",
        "{{data.items}}",
        "{{data.get}}",
        "{{data.__len__}}",
        "{{list.append}}",
        "{{list.-1}}",
        "{{list.99}}",
        "{{list.٣}}",
        "{{list.99999999999999999999}}",
        "{{name.0}}",
        "{{number.real}}",
        "{{os.environ}}",
        "{{__builtins__}}",
        "{{self}}",
        "{{state.scope}}",
    ],
)
def test_nothing_but_data_is_reachable(source: str) -> None:
    """Row 36: own keys and list positions; no attributes, methods, negative or foreign digits."""
    scope = {"data": {"name": "Ada", "list": [1], "number": 5}, "run": {}}
    missing: list[str] = []
    assert compile_text(source).render(scope, missing) in (None, "")
    if "#" not in source:
        assert len(missing) == 1


def test_objects_that_are_not_json_are_not_looked_into() -> None:
    """Row 36: a value of another type has no keys, is never called, and is not written."""
    scope = {"data": {"thing": Thing()}}
    assert compile_text("{{thing.secret}}{{thing.0}}").render(scope) == ""
    with pytest.raises(Invalid) as caught:
        compile_text("a {{thing}}").render(scope)
    assert caught.value.code == "template_value"
    assert compile_text("{{#thing}}in{{/thing}}").render(scope) == "in"


def test_format_strings_are_plain_text() -> None:
    """Row 36: `str.format` never sees a template or a value."""
    scope = {"data": {"a": "{0.__class__.__init__.__globals__[os].environ}", "b": "%(x)s %s"}}
    assert compile_text("{{a}} {b} {{b}} {0}").render(scope) == f"{scope['data']['a']} {{b}} %(x)s %s {{0}}"


def test_a_changed_delimiter_ends_with_its_template() -> None:
    """Row 36: one tenant's set-delimiter tag does not reach the next template, whichever way it ends."""
    scope = {"data": {"x": 1}}
    assert compile_text("{{=<% %>=}}<%x%>{{x}}").render(scope) == "1{{x}}"
    with pytest.raises(Invalid):
        compile_text("{{=<% %>=}}<%#x%>")
    assert compile_text("a{{x}}<%x%>").render(scope) == "a1<%x%>"
    params = compile_params({"a": "{{=| |=}}|x|!", "b": "{{x}}!", "c": "|x|"})
    assert params.render(scope) == {"a": "1!", "b": "1!", "c": "|x|"}


def test_threads_that_compile_at_once_do_not_mix() -> None:
    """Row 36: the tokenizer's module-wide state holds nothing that matters to a template."""

    def work(number: int) -> list[Any]:
        opened, closed = ("<%", "%>") if number % 2 else ("[[", "]]")
        source = f"{{{{={opened} {closed}=}}}}\n{opened}x{closed}{{{{x}}}}[[x]]<%x%>"
        return [compile_text(source).render({"data": {"x": number}}) for _ in range(200)]

    with ThreadPoolExecutor(8) as pool:
        for number, found in enumerate(pool.map(work, range(16))):
            own, other = ("[[x]]", str(number)) if number % 2 else (str(number), "<%x%>")
            assert set(found) == {f"{number}{{{{x}}}}{own}{other}"}


def test_partials_are_not_read_from_disk(tmp_path: Any) -> None:
    """Row 36: no partials, from disk or elsewhere."""
    (tmp_path / "secret.mustache").write_text("from disk")
    before = os.getcwd()  # noqa: PTH109
    os.chdir(tmp_path)
    try:
        for source in ("{{>secret}}", "{{> secret.mustache}}", "{{ >secret}}", "{{> *name}}"):
            with pytest.raises(Invalid) as caught:
                compile_text(source)
            assert caught.value.code == "template_partial"
    finally:
        os.chdir(before)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{x}}" + "a" * 65_536, "template_too_large"),
        ("{{x}}" * 200_000, "template_too_large"),
        ("{{x}}" * 2_001, "template_too_large"),
        ("{{#x}}" * 51 + "{{/x}}" * 51, "template_too_deep"),
        ("{{#x}}" * 2_000, "template_too_deep"),
        ("{{x" + " | upper" * 21 + "}}", "template_too_deep"),
        ("{{{{{{" * 1_000, "template_syntax"),
        ("{{=" * 1_000, "template_syntax"),
    ],
)
def test_oversized_templates_are_refused(source: str, code: str) -> None:
    """Row 36: limits on size, tags, nesting and helpers, found quickly."""
    start = time.perf_counter()
    with pytest.raises(Invalid) as caught:
        compile_text(source)
    assert caught.value.code == code
    assert time.perf_counter() - start < _BUDGET_S


_L = list(range(300))
_MB = "x" * 1_000_000


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{#l}}{{#l}}{{#l}}{{#l}}x{{/l}}{{/l}}{{/l}}{{/l}}", "template_too_much_work"),
        ("{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}", "template_too_much_work"),
        ("{{#l}}{{#l}}{{^no}}{{^no}}{{/no}}{{/no}}{{/l}}{{/l}}", "template_too_much_work"),
        ("{{#l}}{{#l}}xxxxxxxxxxxxxxxxxxxxxxxxxx{{/l}}{{/l}}", "template_output_too_large"),
        ("{{mb}}{{mb}}", "template_output_too_large"),
        ("{{data}}.", "template_output_too_large"),
        ("{{#l}}{{mb}}{{/l}}", "template_output_too_large"),
        ("{{#l}}{{mb | upper | length}}{{/l}}", "template_too_much_work"),
        ("{{#l}}{{data | json | length}}{{/l}}", "template_too_much_work"),
        ("{{mb | hash}}" * 1_000, "template_too_much_work"),
        ("{{mb | replace 'x' 'yy' | length}}", "template_helper"),
        ("{{mb | replace 'x' '" + "y" * 60_000 + "'}}", "template_helper"),
        ("{{l | join '" + "y" * 60_000 + "'}}", "template_helper"),
    ],
)
def test_exploding_templates_are_stopped(source: str, code: str) -> None:
    """Row 36: sections that multiply, outputs that grow and helpers over large values end with an error, soon."""
    template = compile_text(source)
    start = time.perf_counter()
    with pytest.raises(Invalid) as caught:
        template.render({"data": {"l": _L, "mb": _MB}})
    assert caught.value.code == code
    assert time.perf_counter() - start < _BUDGET_S


def test_the_output_of_all_parameters_together_is_bounded() -> None:
    """Row 36: many templates do not get a limit each."""
    compiled = compile_params({str(n): "{{x}}." for n in range(100)})
    with pytest.raises(Invalid) as caught:
        compiled.render({"data": {"x": "y" * 20_000}})
    assert caught.value.code == "template_output_too_large"


def test_a_large_value_passes_whole() -> None:
    """A lone tag copies nothing, so the output limit does not touch it."""
    assert compile_params({"x": "{{mb}}"}).render({"data": {"mb": _MB}})["x"] is _MB


def test_deeply_nested_values_are_an_error_and_not_a_crash() -> None:
    """Row 23: what cannot be written as JSON says so."""
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Invalid):
        compile_text("a {{x}}").render({"data": {"x": deep}})
    with pytest.raises(Invalid):
        compile_params(deep)
    while isinstance(deep, list):  # taken apart by hand: freeing it in one go is deep as well
        deep = deep.pop()


@pytest.mark.parametrize(
    "value", ["{{secret}}", "{{#data}}{{/data}}", "{{=<% %>=}}", "{{> file}}", "}}{{", "{{@uuid}}"]
)
def test_templates_in_data_are_never_rendered(value: str) -> None:
    """Row 37: values are put in as they are, by every kind of tag."""
    scope = {"data": {"x": value, "l": [value], "secret": "s3cret"}}
    params = compile_params(
        {"lone": "{{x}}", "text": "a{{x}}b", "list": "{{#l}}{{.}}{{{.}}}{{/l}}", "up": "{{x | text}}"}
    )
    expected = {"lone": value, "text": f"a{value}b", "list": value * 2, "up": value}
    assert params.render(scope) == expected


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
_NAMES = (
    "x",
    "data",
    "data.x",
    "x.0",
    "x.a",
    ".",
    ".a",
    "@index",
    "@last",
    "@now",
    "missing",
    'x["a b"]',
    "steps",
    "secrets.k",
)
_ARGUMENTS = ("1", "-3", "0.5", "true", "null", '""', '","', '"%d %H"', '"UTC"', '"1d"', "'a'")
_NOISE = (
    "{{",
    "}}",
    "{{{",
    "}}}",
    "#",
    "/",
    "&",
    "!",
    "=",
    ">",
    "|",
    " ",
    "\n",
    "\\",
    '"',
    "text",
    "{{=<% %>=}}",
    "<%x%>",
)
_TAGS = st.builds(
    "{{{{{}{}{}}}}}".format,
    st.sampled_from(["", "", "", "#", "^", "/", "&", "> ", "! "]),
    st.sampled_from(_NAMES),
    st.lists(
        st.tuples(st.sampled_from(sorted(HELPERS)), st.lists(st.sampled_from(_ARGUMENTS), max_size=2)), max_size=2
    ).map(lambda calls: "".join(f" | {name} {' '.join(args)}" for name, args in calls)),
)
_TEMPLATES = st.recursive(
    st.lists(_TAGS | st.sampled_from(_NOISE), max_size=4).map("".join),
    lambda inner: st.builds(
        "{{{{{}{}}}}}{}{{{{/{}}}}}".format, st.sampled_from("#^"), st.just("x"), inner, st.just("x")
    ),
    max_leaves=4,
)


def invalid_code(action: Callable[[], Any]) -> str | None:
    """The code of the Invalid this ends with, if it does; any other exception is the test's failure."""
    try:
        action()
    except Invalid as error:
        return error.code
    return None


@settings(max_examples=500, deadline=None)
@given(_TEMPLATES, _JSON)
def test_any_template_over_any_data_gives_a_value_or_an_invalid(source: str, x: Any) -> None:
    """Row 36: nothing but Invalid ever comes out, whatever is written and whatever is in the data."""
    scope = {"data": {"x": x}, "steps": {}}
    for url_fields in ((), ("t",)):
        code = invalid_code(partial(_render, {"t": source}, url_fields, scope))
        assert code is None or code.startswith("template_")


def _render(params: Any, url_fields: tuple[str, ...], scope: dict[str, Any]) -> Any:
    return compile_params(params, url_fields=url_fields).render(scope, [])


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(sorted(HELPERS)), st.lists(st.sampled_from(_ARGUMENTS) | st.integers().map(str), max_size=2), _JSON
)
def test_any_helper_over_any_value_gives_a_value_or_an_invalid(name: str, args: list[str], x: Any) -> None:
    """Row 36: helpers have no other way to fail."""
    source = f"{{{{x | {name} {' '.join(args)}}}}}"
    for text in (source, f"a {source}"):
        code = invalid_code(partial(_render, text, (), {"data": {"x": x}}))
        assert code is None or code.startswith("template_")


@settings(max_examples=200, deadline=None)
@given(_JSON)
def test_a_lone_tag_gives_back_any_value(x: Any) -> None:
    """Row 37: same value, same type, not a copy and not read again."""
    found = compile_params({"p": ["{{x}}"]}).render({"data": {"x": x}})["p"][0]
    assert found is x


@settings(max_examples=200, deadline=None)
@given(st.text().filter(lambda text: "{{" not in text), st.text(), st.text().filter(lambda text: "{{" not in text))
def test_text_around_a_value_is_kept(before: str, x: str, after: str) -> None:
    """Row 37: literal text and value stand side by side, unchanged."""
    if before.endswith("{") or after.startswith("}"):
        before, after = before + " ", " " + after
    assert compile_text(f"{before}{{{{x}}}}{after}").render({"data": {"x": x}}) == f"{before}{x}{after}"
