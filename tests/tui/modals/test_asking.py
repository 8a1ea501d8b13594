"""The names under which values are saved."""

from __future__ import annotations

import pytest

from flowdesk.tui.modals.asking import file_name
from tests.tui.world import HOSTILE


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("steps.fetch.body", "steps-fetch-body"),
        ('steps["a b"][0]', "steps-a-b-0"),
        ("../../etc/passwd", "etc-passwd"),
        ("", "value"),
        ("///", "value"),
    ],
)
def test_a_path_makes_a_name(path: str, name: str) -> None:
    assert file_name(path) == name


def test_a_name_is_short_and_plain_whatever_the_path() -> None:
    name = file_name(HOSTILE * 50)
    assert name.isascii()
    assert len(name) <= 60
    assert not set(name) & set("/\\. ")
