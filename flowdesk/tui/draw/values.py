"""JSON values as people look into them: pieces of large ones, short previews, paths for templates, and finding.

Nothing here walks a whole value except `matches`, and that ends at a limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from rich.style import Style
from rich.text import Text

from engine.errors import BadJson
from engine.jsonio import dump_text
from flowdesk.clean import clean
from flowdesk.tui.draw.fit import cut

Key = str | int
Path = tuple[Key, ...]

SHOWN_CHARS: Final = 1_000_000
"""Longer texts are cut when shown."""
PREVIEW_COLUMNS: Final = 48
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_CONTAINER_CHARS: Final = 4
_KEY_COLUMNS: Final = 60


def is_container(value: object) -> bool:
    """Whether there is something inside to look at."""
    return isinstance(value, dict | list) and bool(value)


def items(value: object, start: int = 0, stop: int | None = None) -> Iterator[tuple[Key, Any]]:
    """What an object or list holds, from one place to another."""
    if isinstance(value, dict):
        yield from islice(value.items(), start, stop)
    elif isinstance(value, list):
        for index in range(start, min(len(value), len(value) if stop is None else stop)):
            yield index, value[index]


def preview(value: object) -> str:
    """The value in a few words: `"text"`, `12`, `{3 keys}`, `[1,000 items]`."""
    if isinstance(value, dict):
        return f"{{{len(value):,} key{'' if len(value) == 1 else 's'}}}" if value else "{}"
    if isinstance(value, list):
        return f"[{len(value):,} item{'' if len(value) == 1 else 's'}]" if value else "[]"
    if isinstance(value, str):
        return cut(f'"{clean(value[: 2 * PREVIEW_COLUMNS])}"', PREVIEW_COLUMNS)
    return cut(_scalar(value), PREVIEW_COLUMNS)


def label(key: Key | None, value: object, styles: Mapping[str, str | Style]) -> Text:
    """`key  preview`, with the styles of `key` and of the value's kind (see `kind`)."""
    text = Text(no_wrap=True)
    if key is not None:
        text.append(cut(clean(key[:_KEY_COLUMNS] if isinstance(key, str) else str(key)), _KEY_COLUMNS), styles["key"])
        text.append("  ")
    return text.append(preview(value), styles[kind(value)])


def kind(value: object) -> str:
    """`container`, `text`, `number` or `word` (true, false, null)."""
    if isinstance(value, dict | list):
        return "container"
    if isinstance(value, str):
        return "text"
    return "word" if value is None or isinstance(value, bool) else "number"


def template_path(root: str, path: Path) -> str:
    """How a template names what is there: `{{steps.order.items[0].price}}`."""
    return "{{" + root + "".join(map(_part, path)) + "}}"


def text_of(value: object) -> str:
    """The value as it is copied and saved: a text as it is, everything else as JSON; text that can be written."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    try:
        return dump_text(value, pretty=True)
    except BadJson:  # lone surrogates, numbers beyond 64 bits: JSON for Python, not for our stores
        return json.dumps(value, indent=2)


def is_small(value: object, chars: int) -> bool:
    """Whether the value is shorter than about that many characters, found out without looking at all of a large one."""
    left = chars
    stack = [value]
    while stack and left >= 0:
        found = stack.pop()
        left -= len(found) if isinstance(found, str) else _CONTAINER_CHARS
        if isinstance(found, dict | list):
            left -= _CONTAINER_CHARS * len(found)
            if left >= 0:
                stack.extend(found.values() if isinstance(found, dict) else found)
    return left >= 0


def at(value: Any, path: Path) -> Any:
    """What is at a path."""
    for key in path:
        value = value[key]
    return value


def matches(value: object, words: str, limit: int) -> list[Path]:
    """Where a key or a value contains the words, in the order of the document; at most `limit` places."""
    wanted = words.casefold()
    found: list[Path] = []
    stack: list[Iterator[tuple[Key, Any]]] = [items(value)]
    path: list[Key] = []
    if not is_container(value):
        return [()] if wanted in _searched(value) else []
    while stack:
        below = next(stack[-1], None)
        if below is None:
            stack.pop()
            if path:
                path.pop()
            continue
        key, inside = below
        if (isinstance(key, str) and wanted in key.casefold()) or wanted in _searched(inside):
            found.append((*path, key))
            if len(found) == limit:
                break
        if is_container(inside):
            path.append(key)
            stack.append(items(inside))
    return found


def _searched(value: object) -> str:
    if isinstance(value, str):
        return value.casefold()
    return "" if isinstance(value, dict | list) else _scalar(value)


def _scalar(value: object) -> str:
    return json.dumps(value) if value is None or isinstance(value, bool | int | float) else clean(value)


def _part(key: Key) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
