"""Which field of a step an error message is about."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = r"(?:\.[A-Za-z_][\w-]*|\.\d+|\[\d+\])"
_PATH: Final = re.compile(rf"(?<![\w./])(?:params|next|retry){_PART}+")
_PARAMETER: Final = re.compile(r"`([A-Za-z_]\w*)`")


def named_field(message: str) -> str | None:
    """The first path that the message names, as problems write it: `params.cases[0].when`; None when it names none.

    A lone word in backticks is how our own steps name their parameters: `items` is `params.items`.
    """
    found = _PATH.search(message)
    if found is not None:
        return re.sub(r"\.(\d+)(?!\w)", r"[\1]", found[0])
    word = _PARAMETER.search(message)
    return f"params.{word[1]}" if word is not None else None
