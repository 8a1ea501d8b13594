"""Which field an error is about."""

from __future__ import annotations

import pytest

from flowdesk.tui.draw.named_field import named_field


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("params.url: Field required", "params.url"),
        ("params.cases.0.when: Input should be a valid string; params.default: x", "params.cases[0].when"),
        ("the condition of the arrow to send (next[1].when) failed: no such key", "next[1].when"),
        ("`items` comes to a text, not to a list: data.x", "params.items"),
        ("the partner answered 500", None),
        ("GET https://example.com/params.html failed", None),
        ("", None),
    ],
)
def test_the_first_path_is_it(message: str, field: str | None) -> None:
    assert named_field(message) == field
