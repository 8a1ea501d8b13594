"""How long, as people write it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from plugins.durations import MAX_MS, milliseconds

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        (0, 0),
        (1500, 1500),
        (1.4, 1),
        ("250", 250),
        ("250ms", 250),
        ("1.5s", 1500),
        ("90 s", 90_000),
        ("2m", 2 * MINUTE),
        ("2h", 2 * HOUR),
        ("1d 12h", DAY + 12 * HOUR),
        ("1d12h30m", DAY + 12 * HOUR + 30 * MINUTE),
        (" 2w ", 14 * DAY),
    ],
)
def test_durations(written: Any, ms: int) -> None:
    assert milliseconds(written) == ms


@pytest.mark.parametrize("written", ["", "soon", "1x", "-5s", "1h and 2m", "5 5", "1e3", "1h;", "٣s"])
def test_what_is_no_duration(written: str) -> None:
    with pytest.raises(PydanticCustomError, match="looks like"):
        milliseconds(written)


@pytest.mark.parametrize("written", [-1, MAX_MS + 1, "999999999999w"])
def test_what_is_out_of_bounds(written: Any) -> None:
    with pytest.raises(PydanticCustomError, match="ten years"):
        milliseconds(written)
