"""What the templates of a step come to, by the paths of the fields they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from flowdesk import replies
from flowdesk.tui.completion import preview as in_words
from flowdesk.tui.draw.paths import GONE, Path, get, path_text

MISSING: Final = "missing_name"
"""The code of a problem that is no error: the name has no value, so it renders as nothing."""


@dataclass(slots=True, frozen=True)
class Preview:
    """What one text with templates comes to: the value in a few words, or what is wrong with it."""

    text: str | None = None
    error: str | None = None


def previews_of(params: Any, reply: replies.Preview) -> dict[str, Preview]:
    """The previews of every text with a tag in these params, from what the server rendered of them."""
    wrong = {problem.field: problem.message for problem in reply.problems if problem.field}
    found: dict[str, Preview] = {}
    for path in _templates(params, ()):
        place = path_text(("params", *path))
        rendered = get(reply.params, path) if path else reply.params
        found[place] = Preview(None if rendered is GONE else in_words(rendered), wrong.get(place))
    return found


def has_templates(params: Any) -> bool:
    """Whether there is anything to preview."""
    return next(_templates(params, ()), None) is not None


def _templates(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, str):
        if "{{" in value:
            yield path
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _templates(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _templates(part, (*path, index))
