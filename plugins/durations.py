"""How long, as people write it: `90s`, `2h`, `1d 12h`, or milliseconds as a number."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

MAX_MS: Final = 10 * 366 * 86_400_000
"""Ten years."""
_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?) ?(ms|[smhdw])")
_WHOLE: Final = re.compile(rf"{_PART.pattern}(?: ?{_PART.pattern})*")


def milliseconds(value: float | str) -> int:
    """The duration; a PydanticCustomError when it cannot be read or is out of bounds."""
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text) is None:
            if not text.isdigit():
                raise PydanticCustomError("duration", 'a duration looks like "90s", "2h" or "1d 12h"')
            value = float(text)
        else:
            value = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not 0 <= value <= MAX_MS:
        raise PydanticCustomError("duration_range", "a duration is between 0 and ten years")
    return round(value)


Duration = Annotated[float | str, AfterValidator(milliseconds)]
"""Milliseconds as a number, or a text such as `90s`, `2h` or `1d 12h`. What a model holds is always milliseconds."""
