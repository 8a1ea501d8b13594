"""docs/keys.md: every key of the terminal UI, from the table the program itself reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flowdesk.tui import keys

_TEXT: Final = Path(__file__).with_name("keys_text.md")
_TITLES: Final = {
    "everywhere": "Everywhere",
    "list": "Lists and tables",
    "dashboard": "Dashboard",
    "workflows": "Workflows",
    "runs": "Runs",
    "jobs": "Jobs",
    "schedules": "Schedules",
    "secrets": "Secrets",
    "plugins": "Plugins",
    "run": "A run",
    "editor": "The editor",
    "map": "The map of a workflow",
    "steps": "The steps of a run",
    "log": "The log",
    "logfilter": "The filter line of the log",
    "inspector": "A value",
}
_NAMES: Final = {
    "colon": ":",
    "question_mark": "?",
    "escape": "esc",
    "minus": "-",
    "comma": ",",
    "slash": "/",
    "asterisk": "*",
    "full_stop": ".",
    "exclamation_mark": "!",
    "ampersand": "&",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "plus": "+",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def render() -> str:
    """The whole page."""
    never = ", ".join(f"`{shown(key)}`" for key in sorted(keys.NEVER))
    page = _TEXT.read_text(encoding="utf-8").replace("<!-- never -->", never)
    return page.replace("<!-- keys -->\n", "\n".join(_scopes()))


def shown(key: str) -> str:
    """A key as people write it: `ctrl+[` for ctrl+left_square_bracket."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, _NAMES.get(last, last)])


def _scopes() -> Iterator[str]:
    for scope, acts in keys.SCOPES.items():
        yield f"## {_TITLES.get(scope, scope.capitalize())}"
        yield ""
        yield "| key | what it does | id |"
        yield "|---|---|---|"
        for act in acts:
            pressed = " ".join(f"`{shown(key)}`" for key in act.keys.split(","))
            yield f"| {pressed} | {act.title}{' (writes)' if act.writes else ''} | `{act.id}` |"
        yield ""
