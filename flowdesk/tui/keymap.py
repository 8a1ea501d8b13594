"""A user's own keys: `keys.json` in the config directory, `{"run.cancel": "ctrl+x"}`.

What is wrong in it is told, and the rest holds.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from textual.keys import KEY_NAME_REPLACEMENTS

from engine.errors import BadJson
from engine.jsonio import parse_json
from flowdesk.tui import keys

NAME: Final = "keys.json"
_MODIFIERS: Final = frozenset({"ctrl", "alt", "shift", "super", "meta", "hyper"})


def read_keymap(path: Path) -> tuple[dict[str, str], list[str]]:
    """The usable part of the file, and a sentence for each part that is not; nothing when there is no file."""
    try:
        value = parse_json(path.read_bytes())
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"{path} cannot be read: {error.strerror}"]
    except BadJson as error:
        return {}, [f"{path} is not JSON and is not used: {error.message}"]
    if not isinstance(value, dict):
        return {}, [f"{path} is not used: it must be one object of action ids and keys"]
    return check_keymap(value)


def check_keymap(wanted: Mapping[str, object]) -> tuple[dict[str, str], list[str]]:
    """What of these bindings can be used, and why the others cannot."""
    table = keys.acts()
    used: dict[str, str] = {}
    wrong: list[str] = []
    for act_id, given in wanted.items():
        trouble = _trouble(act_id, given, table)
        if trouble is None:
            used[act_id] = ",".join(filter(None, map(named, _split(str(given)))))
        else:
            wrong.append(f"{NAME}: {trouble}")
    for act_id, clash in _clashes(used, table):
        used.pop(act_id, None)
        wrong.append(f"{NAME}: {act_id} is not changed, because {clash} has that key in the same place")
    return used, wrong


def _trouble(act_id: str, given: object, table: Mapping[str, keys.Act]) -> str | None:
    if act_id not in table:
        return f"there is no action {act_id!r}; docs/keys.md lists them"
    if not isinstance(given, str) or not given.strip():
        return f"the key of {act_id} must be a text such as ctrl+x"
    for key in _split(given):
        name = named(key)
        if name is None:
            return f"{act_id} cannot have {key}: there is no such key; they are named like ctrl+x, f5, space or slash"
        if name in keys.NEVER:
            return f"{act_id} cannot have {key}: terminals report it as another key"
    return None


def named(key: str) -> str | None:
    """The key by the name that Textual has for it, also when it was written as its sign; None when there is none."""
    *modifiers, base = key.split("+") if len(key) > 1 and not key.endswith("+") else [key]
    if not set(modifiers) <= _MODIFIERS:
        return None
    if len(base) == 1 and not base.isalnum():
        base = _name_of(base)
    elif len(base) == 1 and base.isupper() and modifiers:
        modifiers, base = [*modifiers, "shift"], base.lower()
    if len(base) != 1 and base not in _NAMES:
        return None
    return "+".join([*dict.fromkeys(modifiers), base])


def _name_of(sign: str) -> str:
    name = unicodedata.name(sign, "").lower().replace(" ", "_").replace("-", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


def _clashes(used: Mapping[str, str], table: Mapping[str, keys.Act]) -> list[tuple[str, str]]:
    """Each changed action with one that already has its key where both are live."""
    found: list[tuple[str, str]] = []
    scope_of = {act.id: scope for scope, acts in keys.SCOPES.items() for act in acts}
    for act_id, given in used.items():
        for other in table.values():
            if other.id == act_id or not _live_together(scope_of[act_id], scope_of[other.id]):
                continue
            if set(_split(given)) & set(_split(used.get(other.id, other.keys))):
                found.append((act_id, other.id))
                break
    return found


def _live_together(one: str, other: str) -> bool:
    if one == other or "everywhere" in (one, other):
        return True
    return other in keys.LIVE_WITH.get(one, ()) or one in keys.LIVE_WITH.get(other, ())


def _split(text: str) -> list[str]:
    return [key.strip() for key in text.split(",") if key.strip()]


_NAMES: Final = frozenset(
    {
        *("escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"),
        *("up", "down", "left", "right"),
        *(f"f{number}" for number in range(1, 25)),
        *map(_name_of, string.punctuation),
    }
)
