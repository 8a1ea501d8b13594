"""Names of steps inside texts: `steps.old` in the tags of templates and in conditions, written anew."""

from __future__ import annotations

import re
from typing import Any, Final

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BEFORE: Final = r"(?<![\w.\"'\]])"
_QUOTED: Final = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"


def rename_in_templates(text: str, old: str, new: str) -> str:
    """The text with the step's name changed in its tags; everything between them stays."""
    if "{{" not in text:
        return text
    opening, closing = "{{", "}}"
    done, at = "", 0
    while (begin := text.find(opening, at)) >= 0:
        inside = begin + len(opening)
        end = text.find(closing, inside)
        if end < 0:
            break
        tag = text[inside:end]
        done += text[at:inside] + (tag if tag.startswith(("!", "=")) else _renamed(tag, old, new, dashes=True))
        done += closing
        at = end + len(closing)
        if tag.startswith("=") and len(marks := tag.strip("= ").split()) == 2:
            opening, closing = marks
    return done + text[at:]


def rename_in_condition(text: str, old: str, new: str) -> str:
    """A condition with the step's name changed; texts inside it stay."""
    return _renamed(text, old, new, dashes=False)


def rename_in_params(value: Any, old: str, new: str, conditions: frozenset[str]) -> Any:
    """Parameters with the name changed in their templates, and in the conditions under keys of these names."""
    if isinstance(value, dict):
        return {
            key: rename_in_condition(item, old, new)
            if key in conditions and isinstance(item, str) and "{{" not in item
            else rename_in_params(item, old, new, conditions)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [rename_in_params(item, old, new, conditions) for item in value]
    return rename_in_templates(value, old, new) if isinstance(value, str) else value


def _renamed(code: str, old: str, new: str, *, dashes: bool) -> str:
    """`dashes`: names may hold them, as in templates; in conditions a dash is a minus."""
    more = r"[\w-]" if dashes else r"\w"
    name = re.escape(old)
    dotted = rf"\.\s*(?P<dotted>{name})(?!{more})"
    quoted = rf"\[\s*(?P<quote>[\"'])(?P<quoted>{name})(?P=quote)\s*\]"
    found = re.compile(rf"(?P<root>{_BEFORE}steps\s*)(?:{dotted}|{quoted})|{_QUOTED}")

    def write(match: re.Match[str]) -> str:
        root = match["root"]
        if root is None:
            return match[0]
        if match["quoted"] is not None:
            return f"{root}[{match['quote']}{new}{match['quote']}]"
        return f"{root}.{new}" if dashes or _IDENTIFIER.match(new) else f'{root}["{new}"]'

    return found.sub(write, code)
