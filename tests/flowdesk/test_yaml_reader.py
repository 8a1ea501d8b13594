"""Row 57: YAML files are plain data, or refused with the line that says why."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdesk.errors import BadFile
from flowdesk.yaml_reader import MAX_WEIGHT, read_yaml


def test_values_follow_the_core_schema() -> None:
    text = """
    none: [~, null, ]
    truth: [true, False]
    whole: [0, -12, +3, 0x1F, 0o17, 012]
    real: [1.5, -.5, 1e3]
    text: [yes, no, on, 2026-11-23, 12:30, 1_000, '1', "true", ""]
    """
    assert read_yaml(text)[0] == {
        "none": [None, None],
        "truth": [True, False],
        "whole": [0, -12, 3, 31, 15, 12],
        "real": [1.5, -0.5, 1000.0],
        "text": ["yes", "no", "on", "2026-11-23", "12:30", "1_000", "1", "true", ""],
    }


def test_every_part_has_its_place() -> None:
    _, marks = read_yaml("name: x\nsteps:\n  - id: a\n    params: {url: u}\n  - id: b\n")
    assert marks["name",] == (1, 1)
    assert marks["steps", 0] == (3, 5)
    assert marks["steps", 0, "params", "url"] == (4, 14)
    assert marks["steps", 1, "id"] == (5, 5)


def test_anchors_and_merge_keys() -> None:
    value, marks = read_yaml("base: &b {a: 1, b: 2}\nuse:\n  <<: *b\n  b: 3\nboth:\n  <<: [{a: 9}, *b]\n")
    assert value == {"base": {"a": 1, "b": 2}, "use": {"a": 1, "b": 3}, "both": {"a": 9, "b": 2}}
    assert marks["use", "b"] == (4, 3)


def test_keys_are_text_as_written() -> None:
    assert read_yaml("404: a\ntrue: b\n1.0: c\n")[0] == {"404": "a", "true": "b", "1.0": "c"}


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: !!python/object/apply:os.system [id]", "yaml_tag", (1, 4)),
        ("a: !x {}", "yaml_tag", (1, 4)),
        ("b: 1\na: !!str 1", "yaml_tag", (2, 4)),
        ("a: 1\nb:\n  c: 1\n  c: 2", "yaml_duplicate_key", (4, 3)),
        ("a: 1\n---\nb: 2", "yaml_documents", (2, 1)),
        ("a: *nowhere", "yaml_alias", (1, 4)),
        ("a: &a [*a]", "yaml_alias", (1, 8)),
        ("[a]: 1", "yaml_key", (1, 1)),
        ("~: 1", "yaml_key", (1, 1)),
        ("a: .nan", "yaml_number", (1, 4)),
        ("a: 99999999999999999999999999", "yaml_number", (1, 4)),
        ("a: 'open", "yaml_syntax", (1, 9)),
        ("a: b: c", "yaml_syntax", (1, 5)),
        ("<<: 1", "yaml_merge", (1, 5)),
        ("a: \x00", "yaml_syntax", None),
        ("", "yaml_empty", None),
        ("# nothing\n", "yaml_empty", None),
    ],
)
def test_what_is_refused(text: str, code: str, place: tuple[int, int] | None) -> None:
    """Row 57: tags, duplicate keys, second documents, recursion and what JSON cannot say."""
    with pytest.raises(BadFile) as caught:
        read_yaml(text)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert (problem.line, problem.column) == (place or (None, None))


def test_nesting_is_limited_without_recursion() -> None:
    """Row 57: ten thousand brackets are a problem of the file, not of the interpreter's stack."""
    with pytest.raises(BadFile, match="nested deeper"):
        read_yaml("a: " + "[" * 10_000)


def test_billion_laughs_are_refused_at_once() -> None:
    """Row 57: what aliases expand to is counted before anything is expanded."""
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    begun = time.process_time()
    with pytest.raises(BadFile, match="aliases expand"):
        read_yaml("\n".join(lines))
    assert time.process_time() - begun < 2


def test_a_long_text_may_not_be_multiplied_either() -> None:
    """Row 57: few aliases to much text weigh as much as many to little."""
    text = "a: &a " + "x" * (MAX_WEIGHT // 20) + "\nb: [" + ", ".join(["*a"] * 25) + "]"
    with pytest.raises(BadFile, match="aliases expand"):
        read_yaml(text)


ASCII = st.text(st.characters(codec="ascii", min_codepoint=32), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | ASCII,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ASCII, inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_json_is_yaml(value: Any) -> None:
    assert read_yaml(json.dumps({"v": value}))[0] == {"v": value}
