"""Required inputs are asked for on a terminal, each until it fits, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click.termui
import pytest

from flowdesk.cli.ask_inputs import completed

INPUTS: dict[str, Any] = {
    "type": "object",
    "required": ["who", "count", "loud", "tone", "tags", "zone"],
    "properties": {
        "who": {"type": "string", "title": "Who \x1b[2J", "minLength": 2},
        "note": {"type": "string"},
        "count": {"type": "integer", "minimum": 1, "description": "How often"},
        "loud": {"type": "boolean"},
        "tone": {"enum": ["warm", 3]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "zone": {"type": "string", "default": "UTC"},
    },
}


def _typing(monkeypatch: pytest.MonkeyPatch, lines: Sequence[str], *, terminal: bool = True) -> list[str]:
    """A person who types these lines; gives what they were asked."""
    asked: list[str] = []
    left = iter(lines)

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return next(left)

    monkeypatch.setattr(click.termui, "visible_prompt_func", answer)
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: terminal)
    return asked


def test_what_is_required_and_missing_is_asked_for_until_it_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["x", "Ada", "many", "0", "2", "yes", "true", "cold", "3", "[1", '["a"]']
    asked = _typing(monkeypatch, lines)
    assert completed(None, INPUTS) == {"who": "Ada", "count": 2, "loud": True, "tone": 3, "tags": ["a"]}
    said = capsys.readouterr()
    assert said.out == ""
    shown = said.err + "".join(asked)
    assert "\x1b" not in shown
    for text in ("How often", "(a whole number)", "at least 2 characters", "at least 1", "one of warm, 3"):
        assert text in shown


def test_only_what_is_missing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    _typing(monkeypatch, ["true"])
    given = {"who": "Ada", "count": "wrong, which the server tells", "tone": "warm", "tags": []}
    assert completed(given, INPUTS) == {**given, "loud": True}
    assert "loud" not in given


@pytest.mark.parametrize(("inputs", "terminal"), [(INPUTS, False), (None, True), ({"type": "object"}, True)])
def test_nothing_is_asked_without_a_terminal_or_inputs(
    inputs: dict[str, Any] | None, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _typing(monkeypatch, [], terminal=terminal)
    assert completed(None, inputs) is None
    assert completed({"a": 1}, inputs) == {"a": 1}
    assert asked == []
