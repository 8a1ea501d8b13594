"""Places in a document: getting, putting and naming them. A path is a tuple of keys and positions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

Part = str | int
Path = tuple[Part, ...]


class Absent(Enum):
    """The type of GONE."""

    GONE = "gone"


GONE: Final = Absent.GONE
"""Stands for a value that is not there; putting it removes what is there."""


def path_text(path: Iterable[Part]) -> str:
    """The path as problems name it: `params.cases[0].when`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def get(document: Any, path: Path) -> Any:
    """What stands there, or GONE."""
    for part in path:
        if isinstance(part, int):
            if not isinstance(document, list) or not 0 <= part < len(document):
                return GONE
            document = document[part]
        elif isinstance(document, dict) and part in document:
            document = document[part]
        else:
            return GONE
    return document


def put(document: Any, path: Path, value: Any) -> None:
    """Put the value there, making the objects on the way; GONE removes what is there.

    Raises LookupError when something on the way is no object, or no list with that position.
    """
    *way, last = path
    for part in way:
        if isinstance(part, str) and isinstance(document, dict) and part not in document:
            if value is GONE:
                return
            document[part] = {}
        found = get(document, (part,))
        if found is GONE:
            raise LookupError(path_text(path))
        document = found
    _put_here(document, last, value, path)


def _put_here(holder: Any, last: Part, value: Any, path: Path) -> None:
    if isinstance(holder, dict) and isinstance(last, str):
        if value is GONE:
            holder.pop(last, None)
        else:
            holder[last] = value
    elif isinstance(holder, list) and isinstance(last, int) and 0 <= last < len(holder):
        if value is GONE:
            del holder[last]
        else:
            holder[last] = value
    else:
        raise LookupError(path_text(path))
