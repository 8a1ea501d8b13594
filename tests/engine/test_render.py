"""Parameters and texts with templates: lookup, types, helpers, URLs, messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Invalid
from engine.render.compile import compile_params, compile_text
from engine.render.helpers.catalogue import HELPERS
from engine.render.tag import SPECIALS

SCOPE: dict[str, Any] = {
    "data": {
        "name": "Ada",
        "n": 5,
        "price": 1.5,
        "ok": True,
        "nothing": None,
        "tags": ["a", "b"],
        "rows": [[1, 2], [3, 4]],
        "person": {"email": "ada@example.com", "7": "seven"},
        "First Name": "Ada L.",
        "run": {"id": "from data"},
        "big": 9007199254740993,
        "empty": "",
    },
    "steps": {"fetch": {"status": 200}},
    "trigger": {"headers": {"x-request-id": "r1"}},
    "run": {"id": "run1"},
    "workflow": {"name": "W"},
}


def render(source: str, scope: dict[str, Any] | None = None, missing: list[str] | None = None) -> Any:
    return compile_text(source).render(SCOPE if scope is None else scope, missing)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{name}}", "Ada"),
        ("{{data.name}}", "Ada"),
        ("{{ data.n }}", 5),
        ("{{price}}", 1.5),
        ("{{ok}}", True),
        ("{{nothing}}", None),
        ("{{tags}}", ["a", "b"]),
        ("{{person}}", SCOPE["data"]["person"]),
        ("{{{big}}}", 9007199254740993),
        ("{{&ok}}", True),
        ("{{data}}", SCOPE["data"]),
        ("{{.}}", SCOPE["data"]),
        ("{{missing}}", None),
        ("{{tags.1}}", "b"),
        ("{{rows.1.0}}", 3),
        ("{{rows[1][0]}}", 3),
        ("{{person.7}}", "seven"),
        ("{{data['First Name']}}", "Ada L."),
        ('{{data["First Name"]}}', "Ada L."),
        ('{{["First Name"]}}', "Ada L."),
        ("{{run.id}}", "run1"),
        ("{{data.run.id}}", "from data"),
        ("{{trigger.headers.x-request-id}}", "r1"),
        ("{{steps.fetch.status}}", 200),
        ("{{steps}}", {"fetch": {"status": 200}}),
        ("{{secrets.key}}", None),
    ],
)
def test_a_lone_tag_keeps_its_type(source: str, expected: Any) -> None:
    found = render(source)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Hello {{name}}!", "Hello Ada!"),
        ("{{ok}} {{nothing}}|{{n}} {{price}}", "true |5 1.5"),
        ("{{tags}} {{person}}", '["a","b"] {"email":"ada@example.com","7":"seven"}'),
        (" {{n}}", " 5"),
        ("{{name}}{{name}}", "AdaAda"),
        ("a {{missing}}b", "a b"),
        ("{{#tags}}{{.}}{{^@last}}, {{/@last}}{{/tags}}", "a, b"),
        ("{{#rows}}{{@index}}:{{.0}}{{#@first}}!{{/@first}} {{/rows}}", "0:1! 1:3 "),
        ("{{#rows}}{{1}} {{/rows}}", "2 4 "),
        ("{{#person}}{{email}} {{name}} {{run.id}}{{/person}}", "ada@example.com Ada run1"),
        ("{{#nothing}}x{{/nothing}}{{^empty}}none{{/empty}}", "none"),
        ("{{#tags | length}}some{{/tags | length}}", "some"),
        ("{{=<% %>=}}{{<% name %>}}", "{{Ada}}"),
        ("{{! nothing }}", ""),
        ("<b>{{name}}</b> & {{{name}}}", "<b>Ada</b> & Ada"),
        ("no tags { } {", "no tags { } {"),
    ],
)
def test_text(source: str, expected: str) -> None:
    assert render(source) == expected


def test_nothing_is_escaped_in_parameters() -> None:
    assert render("{{x}}|{{{x}}}", {"data": {"x": '<a href="#">&'}}) == '<a href="#">&|<a href="#">&'


def test_falsy_items_of_a_list_are_written() -> None:
    assert render("{{#x}}[{{.}}]{{/x}}", {"data": {"x": [0, "", False, None]}}) == "[0][][false][]"


@pytest.mark.parametrize("value", [None, False, 0, "", []])
def test_sections_are_left_out_for(value: Any) -> None:
    assert render("{{#x}}yes{{/x}}{{^x}}no{{/x}}", {"data": {"x": value}}) == "no"


@pytest.mark.parametrize("value", [True, 1, "0", {}, {"a": 1}, [0]])
def test_sections_are_written_for(value: Any) -> None:
    assert render("{{#x}}yes{{/x}}{{^x}}no{{/x}}", {"data": {"x": value}}) == "yes"


def test_an_objects_own_keys_come_before_the_roots_inside_its_section() -> None:
    scope = {"data": {"o": {"run": "own"}}, "run": "root"}
    assert render("{{#o}}{{run}}{{/o}} {{run}}", scope) == "own root"


def test_missing_names_are_noted_once() -> None:
    missing: list[str] = []
    render("{{a.b}} {{a.b}} {{data.c}} {{nothing}} {{d | default 1}} {{#e}}x{{/e}}", missing=missing)
    assert missing == ["a.b", "data.c"]


def test_the_parts_without_templates_are_the_same_objects() -> None:
    params: dict[str, Any] = {"a": {"b": [1, 2]}, "c": ["{{name}}", {"d": 1}]}
    compiled = compile_params(params)
    found = compiled.render(SCOPE)
    assert found == {"a": {"b": [1, 2]}, "c": ["Ada", {"d": 1}]}
    assert found["a"] is params["a"]
    assert found["c"][1] is params["c"][1]
    constant = {"x": 1}
    assert compile_params(constant).render(SCOPE) is constant


def test_compiled_parameters_know_what_they_read() -> None:
    compiled = compile_params(
        {"a": "{{name}} {{steps.fetch.body}}", "b": "{{#tags}}{{x}}{{run.id}}{{/tags}}", "c": "{{^no}}{{y}}{{/no}}"}
    )
    assert compiled.lookups == {
        ("data", "name"),
        ("steps", "fetch", "body"),
        ("data", "tags"),
        ("run", "id"),
        ("data", "no"),
        ("data", "y"),
    }
    assert not compiled.volatile


@pytest.mark.parametrize("source", ["{{@now}}", "{{@timestamp}}", "id-{{@uuid}}", "{{#tags}}{{@uuid}}{{/tags}}"])
def test_what_differs_each_time_is_volatile(source: str) -> None:
    compiled = compile_params({"x": source})
    assert compiled.volatile
    assert compiled.render(SCOPE)["x"]


def test_each_uuid_is_another() -> None:
    first, second = render("{{@uuid}} {{@uuid}}").split()
    assert first != second


def test_expressions_stay_as_they_are() -> None:
    params = {"condition": "'{{' in data", "cases": [{"when": "{{x", "then": "{{name}}"}], "fields": {"a": ["{{"]}}
    compiled = compile_params(params, expressions=("condition", "cases[].when", "fields"))
    assert compiled.render(SCOPE)["cases"] == [{"when": "{{x", "then": "Ada"}]
    assert compiled.expressions == (
        ("params.condition", "'{{' in data"),
        ("params.cases[0].when", "{{x"),
        ("params.fields.a[0]", "{{"),
    )


def test_all_problems_are_listed_with_their_places() -> None:
    with pytest.raises(Invalid) as caught:
        compile_params({"a": "x\n {{#b}}", "c": ["{{d | uper}}", "{{> e}}"], "{{k}}": 1, "ok": "{{fine}}"})
    found = [(p.code, p.field, p.line, p.column) for p in caught.value.problems]
    assert found == [
        ("template_syntax", "params.a", 2, 2),
        ("template_helper", "params.c[0]", 1, 1),
        ("template_partial", "params.c[1]", 1, 1),
        ("template_in_key", "params", None, None),
    ]
    assert caught.value.problems[1].hint == "did you mean upper?"


@pytest.mark.parametrize(
    ("source", "code", "line", "column"),
    [
        ("{{", "template_syntax", 1, 1),
        ("abc{{", "template_syntax", 1, 4),
        ("a\nb {{name", "template_syntax", 2, 3),
        ("{{}}", "template_syntax", 1, 1),
        ("{{  }}", "template_syntax", 1, 1),
        ("{{{name}}", "template_syntax", 1, 1),
        ("{{#a}}{{#b}}{{/a}}{{/b}}", "template_syntax", 1, 13),
        ("{{/a}}", "template_syntax", 1, 1),
        ("x{{#a}}", "template_syntax", 1, 2),
        ("{{=x=}}", "template_syntax", 1, 1),
        ("{{= =}}", "template_syntax", 1, 1),
        ("{{=a=b c=}}", "template_syntax", 1, 1),
        ("{{a b}}", "template_syntax", 1, 1),
        ("{{#if a}}{{/if a}}", "template_syntax", 1, 1),
        ("{{ #a}}", "template_syntax", 1, 1),
        ("{{a |}}", "template_syntax", 1, 1),
        ("{{a | | upper}}", "template_syntax", 1, 1),
        ("{{a | default x}}", "template_syntax", 1, 1),
        ("{{a | default 'x}}", "template_syntax", 1, 1),
        ("{{a.}}", "template_name", 1, 1),
        ("{{a..b}}", "template_name", 1, 1),
        ("{{a(b)}}", "template_name", 1, 1),
        ('{{"text"}}', "template_name", 1, 1),
        ("{{@nwo}}", "template_name", 1, 1),
        ("{{@index}}", "template_name", 1, 1),
        ("{{^a}}{{@index}}{{/a}}", "template_name", 1, 7),
        ("{{@now.x}}", "template_name", 1, 1),
        ("{{a | shout}}", "template_helper", 1, 1),
        ("{{a | upper 1}}", "template_helper", 1, 1),
        ("{{a | replace 'x'}}", "template_helper", 1, 1),
        ("{{a | round 'x'}}", "template_helper", 1, 1),
        ("{{a | date '%Q'}}", "template_helper", 1, 1),
        ("{{a | date '%'}}", "template_helper", 1, 1),
        ("{{a | date '%Y' 'Mars/Olympus'}}", "template_helper", 1, 1),
        ("{{a | shift 'soon'}}", "template_helper", 1, 1),
        ("{{>file}}", "template_partial", 1, 1),
        ("{{<parent}}{{/parent}}", "template_partial", 1, 1),
    ],
)
def test_broken_templates_say_where(source: str, code: str, line: int, column: int) -> None:
    with pytest.raises(Invalid) as caught:
        compile_text(source)
    assert (caught.value.code, caught.value.problems[0].line, caught.value.problems[0].column) == (code, line, column)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{tags | upper}}", "upper: works on a text, not on a list"),
        ("{{name | plus 1}}", "plus: works on a number, not on a text"),
        ("{{n | join}}", "join: works on a list, not on a number"),
        ("{{name | number}}", "number: 'Ada' is not a number"),
        ("{{n | over 0}}", "over: division by zero"),
        ("{{big | times 9007199254740993}}", "times: the whole number does not fit 64 bits"),
        ("{{name | from_json}}", "from_json: not valid JSON"),
        ("{{name | date '%Y'}}", "date: 'Ada' is not a moment in ISO-8601"),
        ("{{name | unbase64}}", "unbase64: not a text in base64"),
        ("{{person | sort}}", "sort: works on a list, not on an object"),
        ("{{name | bool}}", "bool: 'Ada' is neither true nor false"),
        ("{{name | replace '' 'x'}}", "replace: the text to look for is empty"),
        ("{{name | keys}}", "keys: works on an object, not on a text"),
        ("{{rows | unique}}", "unique: knows texts, numbers and booleans"),
        ("{{n | first}}", "first: works on a list or a text, not on a number"),
        ("{{n | length}}", "length: a number has no length"),
        ("{{ok | date '%Y'}}", "date: works on a moment"),
        ("{{big | iso}}", "iso: outside the years 1 to 9999"),
    ],
)
def test_helpers_say_what_does_not_fit(source: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        compile_params({"x": "é\n" + source}).render(SCOPE)
    problem = caught.value.problems[0]
    assert caught.value.code == problem.code == "template_helper"
    assert message in problem.message
    assert (problem.field, problem.line, problem.column) == ("params.x", 2, 1)


@pytest.mark.parametrize("name", sorted(HELPERS))
def test_the_example_of_each_helper_is_true(name: str) -> None:
    helper = HELPERS[name]
    found = render(helper.example, {"data": helper.data})
    assert found == helper.output
    assert type(found) is type(helper.output)
    assert helper.summary


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{{data.x | upper | default "nobody"}}', "nobody"),
        ('{{name | upper | default "nobody"}}', "ADA"),
        ("{{data.x | length}}", 0),
        ("{{data.x | json}}", "null"),
        ("{{data.x | text}}", ""),
        ("{{data.x | bool}}", False),
        ("{{data.x | upper}}", None),
        ("{{ok | number}}", 1),
        ("{{data.n | round}}", 5),
        ("{{'no'}}", None),
    ],
)
def test_null_passes_through_helpers(source: str, expected: Any) -> None:
    if source == "{{'no'}}":
        with pytest.raises(Invalid):
            compile_text(source)
    else:
        assert render(source) == expected


@pytest.mark.parametrize(
    ("x", "source", "expected"),
    [
        (2.675, "{{x | round 2}}", 2.68),
        (-0.5, "{{x | round}}", -1),
        ("2026-11-23", '{{x | date "%Y-%m-%d %H:%M"}}', "2026-11-23 00:00"),
        ("2026-11-23T09:00:00+02:00", "{{x | iso}}", "2026-11-23T07:00:00.000Z"),
        ("2026-03-29T00:30:00Z", '{{x | date "%H:%M %z" "Europe/Berlin"}}', "01:30 +0100"),
        (1_700_000_000_000, "{{x | iso}}", "2023-11-14T22:13:20.000Z"),
        ("2026-11-23T09:12:00Z", '{{x | shift "-1h30m"}}', "2026-11-23T07:42:00.000Z"),
        ("a|b", '{{x | split "|" | join "\\n"}}', "a\nb"),
        ("it's", "{{x | replace '\\'' '\"'}}", 'it"s'),
        ([3, 1, 2], "{{x | sort | reverse | first}}", 3),
        ([1, 1.0, True, "1", "1"], "{{x | unique}}", [1, True, "1"]),
        ("  ", '{{x | split ","}}', []),
        ([None, 1, {"a": 1}], "{{x | join}}", '1,{"a":1}'),
        ("Straße", "{{x | truncate 3 ''}}", "Str"),
        ("9223372036854775807", "{{x | int}}", 9223372036854775807),
    ],
)
def test_helpers_at_their_edges(x: Any, source: str, expected: Any) -> None:
    found = render(source, {"data": {"x": x}})
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("source", "data", "expected"),
    [
        (
            "https://h/u/{{x}}?q={{y}}#{{z}}",
            {"x": "a/b c", "y": "1&2=3", "z": "ü"},
            "https://h/u/a%2Fb%20c?q=1%262%3D3#%C3%BC",
        ),
        ("{{x}}/v1/{{y}}", {"x": "http://localhost:80/base", "y": "?"}, "http://localhost:80/base/v1/%3F"),
        ("{{x}}", {"x": "https://h/?a=b&c"}, "https://h/?a=b&c"),
        ("https://{{x}}.example.com:{{y}}/", {"x": "eu-1", "y": 8080}, "https://eu-1.example.com:8080/"),
        ("http://{{x}}/", {"x": "[::1]:80"}, "http://[::1]:80/"),
        ("https://h/{{{x}}}?{{{y}}}", {"x": "a/b", "y": "c=d&e=f g"}, "https://h/a/b?c=d&e=f%20g"),
        ("https://h/?q={{x | urlencode}}", {"x": "a b"}, "https://h/?q=a%20b"),
        ("https://h/?{{#l}}id={{.}}&{{/l}}", {"l": ["1&2", 3]}, "https://h/?id=1%262&id=3&"),
        ("https://h/{{x}}/y", {}, "https://h//y"),
        ("/{{x}}", {"x": "//evil"}, "/%2F%2Fevil"),
        (" {{x}}/a", {"x": "http://h"}, " http://h/a"),
        ("https://h/?j={{x}}", {"x": {"a": [1]}}, "https://h/?j=%7B%22a%22%3A%5B1%5D%7D"),
    ],
)
def test_values_in_urls_stay_values(source: str, data: dict[str, Any], expected: str) -> None:
    params = compile_params({"url": source, "other": source}, url_fields=("url",))
    assert params.render({"data": data})["url"] == expected


@pytest.mark.parametrize(
    ("source", "x"),
    [
        ("https://{{x}}/", "evil.com/path"),
        ("https://{{x}}/", "user@evil.com"),
        ("https://{{x}}.example.com", "evil.com#"),
        ("https://{{x}}.example.com", "evil.com?"),
        ("https://{{x}}.example.com", "evil.com\\"),
        ("https://{{x}}.example.com", "ex\u2100mple"),
        ("https://{{x}}.example.com", "a\r\nb"),
        ("htt{{x}}://h", "p://evil/"),
        ("https:{{x}}", "//evil"),
        ("https://h/{{x}}/secret", ".."),
        ("https://h/.{{x}}/secret", "."),
        ("https://h/{{x}}", "."),
        ("https://h/?a={{x}}", "\ud800"),
        ("https://h/?a={{x}}", "a" * 20_000),
    ],
)
def test_values_that_would_change_a_url_are_refused(source: str, x: str) -> None:
    params = compile_params({"url": source}, url_fields=("url",))
    with pytest.raises(Invalid) as caught:
        params.render({"data": {"x": x}})
    assert caught.value.code == "template_url"
    assert caught.value.problems[0].field == "params.url"


def test_every_helper_and_name_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip().strip("`"): line for line in page.splitlines() if line.startswith("| `")}
    assert set(HELPERS) <= set(rows)
    for name, helper in HELPERS.items():
        told = (
            " ".join(helper.summary.split()),
            helper.example,
            json.dumps(dict(helper.data), ensure_ascii=False),
            json.dumps(helper.output, ensure_ascii=False),
        )
        assert [part for part in told if part.replace("|", "\\|") not in rows[name]] == []
    assert [name for name in SPECIALS if f"{{{{{name}}}}}" not in page] == []
