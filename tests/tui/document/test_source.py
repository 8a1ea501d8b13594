"""The document as text and back, keeping comments and telling lines."""

from __future__ import annotations

import pytest

from engine.errors import Problem
from flowdesk.tui.document.arrows import set_value
from flowdesk.tui.document.edits import add_after, rename
from flowdesk.tui.document.removal import remove
from flowdesk.tui.document.source import read, write
from tests.tui.document.shop import SOURCE, body


def test_the_text_says_the_document() -> None:
    assert read(SOURCE, "yaml").document == body()
    assert write(SOURCE, body(), "yaml") == SOURCE


def test_lines_of_steps_and_problems() -> None:
    reading = read(SOURCE, "yaml")
    assert reading.step_lines() == {"order": 7, "reserve": 12, "ship": 21, "wait": 25}
    assert (reading.step_at(1), reading.step_at(9), reading.step_at(99)) == (None, "order", "wait")
    assert reading.line_of(Problem("x", "x", step_id="reserve", field="params.url")) == 15
    assert reading.line_of(Problem("x", "x", step_id="ship", field="params.level")) == 23


def test_comments_outlive_edits() -> None:
    changed = set_value(body(), "wait", ("params", "message"), "still waits").document
    changed = add_after(changed, "order", {"id": "log", "ref": "core.log"}).document
    text = write(SOURCE, remove(changed, "ship").document, "yaml")
    assert "# What happens with an order" in text
    assert "# comes from the shop" in text
    assert "still waits" in text


def test_comments_outlive_renaming() -> None:
    changed = rename(body(), "ship", "send").document
    text = write(SOURCE, changed, "yaml")
    assert "- id: send  # the end" in text
    assert read(text, "yaml").document == changed


def test_json_is_a_language_too() -> None:
    text = write("", body(), "json")
    reading = read(text, "json")
    assert reading.document == body()
    assert text.splitlines()[reading.step_lines()["ship"] - 1].strip() == "{"
    assert write(text, body(), "json") == text


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("name: [\n", "yaml_syntax", 2),
        ("", "yaml_empty", None),
        ("- a\n", "not_an_object", 1),
        ("name: x\nsteps: 3\n", "not_a_list", 2),
        ("steps:\n  - id: a\n  - 3\n", "not_an_object", 3),
        ("steps:\n  - ref: a\n", "missing_id", 2),
        ("steps:\n  - id: a\n  - id: a\n", "duplicate_step", 3),
        ("steps:\n  - id: a\n    next: {a: b}\n", "bad_next", 3),
        ("name: a\nx: \ud800\n", "not_utf8", 2),
        ("name: \x1b[2J\n", "yaml_syntax", None),
    ],
)
def test_what_cannot_be_edited_is_told(text: str, code: str, line: int | None) -> None:
    reading = read(text, "yaml")
    assert reading.document is None
    assert reading.text == text
    assert reading.problem is not None
    assert (reading.problem.code, reading.problem.line) == (code, line)


def test_bad_json_has_its_line() -> None:
    problem = read('{"name": "x",\n oops}', "json").problem
    assert problem is not None
    assert problem.line == 2


def test_aliases_are_not_shared_when_edited() -> None:
    text = "steps:\n  - &a {id: a, ref: core.log, params: &p {m: 1}}\n  - {id: b, ref: core.log, params: *p}\n"
    document = read(text, "yaml").document
    assert document is not None
    changed = set_value(document, "a", ("params", "m"), 2).document
    assert [step["params"]["m"] for step in changed["steps"]] == [2, 1]
    assert read(write(text, changed, "yaml"), "yaml").document == changed
