"""Names of steps inside texts: `steps.old` in the tags of templates and in conditions, written anew."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

CONDITION_FIELDS: Final = frozenset({"condition", "expression", "when", "if"})
"""What parameters that hold a condition are usually called."""
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


def rename_in_params(value: Any, old: str, new: str, expressions: Collection[str] | None) -> Any:
    """Parameters with the name changed in their templates and expressions.

    `expressions` are the parameters that hold CEL, as `cases[].when`; for a kind of step that nobody knows, None, they
    are guessed by their names.
    """

    def renamed(value: Any, path: str, key: str, *, code: bool) -> Any:
        # A list may stand where an expression may: then its texts are templates like any others.
        code = code or (expressions is not None and path in expressions and not isinstance(value, list))
        if isinstance(value, dict):
            return {
                name: renamed(item, f"{path}.{name}" if path else str(name), str(name), code=code)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [renamed(item, f"{path}[]", "", code=code) for item in value]
        if not isinstance(value, str):
            return value
        guessed = expressions is None and key in CONDITION_FIELDS and "{{" not in value
        return rename_in_condition(value, old, new) if code or guessed else rename_in_templates(value, old, new)

    return renamed(value, "", "", code=False)


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
