"""Looking into values: previews, paths a template understands, and finding."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.render.compile import compile_text
from flowdesk.tui.draw.values import (
    PREVIEW_COLUMNS,
    at,
    is_small,
    items,
    label,
    matches,
    preview,
    template_path,
    text_of,
)

STYLES = dict.fromkeys(("key", "text", "number", "word", "container"), "")
DOCUMENT: dict[str, Any] = {
    "items": [{"price": 12, "First Name": "Ada"}, {"price": 3.5, 'quo"te': None}],
    "x-id": "abc",
    "dotted.key": {"deep": [[True]]},
}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({}, "{}"),
        ({"a": 1}, "{1 key}"),
        (list(range(100_000)), "[100,000 items]"),
        ("text", '"text"'),
        (True, "true"),
        (None, "null"),
        (1.5, "1.5"),
        (10**18, "1000000000000000000"),
        ("\x1b[2J\n\u202e", '"␛[2J⏎⟨U+202E⟩"'),
    ],
)
def test_a_preview_says_what_it_is(value: Any, shown: str) -> None:
    assert preview(value) == shown


@pytest.mark.parametrize("value", ["x" * 1_000_000, "日" * 500, "\ud800" * 100, "[/red]x[b" * 50])
def test_previews_and_labels_are_short_and_clean(value: str) -> None:
    assert cell_len(preview(value)) <= PREVIEW_COLUMNS
    assert preview(value).isprintable()
    text = label(value, value, STYLES).plain
    assert text.isprintable()
    assert cell_len(text) < 120


@given(st.data())
def test_a_template_finds_the_value_at_its_path(data: st.DataObject) -> None:
    value: Any = DOCUMENT
    path: tuple[str | int, ...] = ()
    while isinstance(value, dict | list) and value:
        key, value = data.draw(st.sampled_from(list(items(value))))
        path += (key,)
        written = template_path("data", path)
        assert compile_text(written).render({"data": DOCUMENT}) == value == at(DOCUMENT, path)


def test_paths_as_people_write_them() -> None:
    assert (
        template_path("steps.fetch", ("body", "items", 0, "First Name"))
        == '{{steps.fetch.body.items[0]["First Name"]}}'
    )
    assert template_path("trigger", ()) == "{{trigger}}"


def test_finding_keys_and_values_in_the_order_of_the_document() -> None:
    assert matches(DOCUMENT, "PRICE", 10) == [("items", 0, "price"), ("items", 1, "price")]
    assert matches(DOCUMENT, "ada", 10) == [("items", 0, "First Name")]
    assert matches(DOCUMENT, "true", 10) == [("dotted.key", "deep", 0, 0)]
    assert matches(DOCUMENT, "price", 1) == [("items", 0, "price")]
    assert matches(DOCUMENT, "nowhere", 10) == []
    assert matches("just text", "TEXT", 10) == [()]
    assert matches({}, "a", 10) == []


def test_deep_values_are_no_danger() -> None:
    deep: Any = "bottom"
    for _ in range(50_000):
        deep = [deep]
    assert len(matches(deep, "bottom", 1)[0]) == 50_000
    assert not is_small(deep, 1000)


def test_a_large_value_is_known_to_be_large_without_being_read() -> None:
    large = [{"key": "x" * 100}] * 2_000_000
    begin = time.perf_counter()
    assert not is_small(large, 30_000)
    assert time.perf_counter() - begin < 0.5
    assert is_small(DOCUMENT, 30_000)
    assert not is_small("x" * 40_000, 30_000)


def test_what_is_no_json_of_ours_is_still_text() -> None:
    assert text_of({"\ud800": ["\ud800", 2**70]}).encode()
    assert text_of("\ud800") == "\\ud800"
    assert preview(2**70) == str(2**70)


def test_what_is_copied() -> None:
    assert text_of("as\nit is") == "as\nit is"
    assert text_of({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'
