"""Between a value and what is typed for it: how it is edited, its text, what a text means, and what is wrong with it.

Any field may hold a template instead of its own kind of value, so text with `{{` is never refused here.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, Literal

from engine.errors import BadJson
from engine.jsonio import parse_json
from flowdesk.clean import clean, escape_json
from flowdesk.tui.draw.paths import GONE
from flowdesk.tui.draw.schema_fields import Field

Mode = Literal["line", "area", "json", "choice", "check"]
_LONG: Final = 400
_TEXTS: Final = frozenset({"text", "secret", "expression", "scalar", "any", "union", "integer", "number"})
_NUMBER: Final = re.compile(r"-?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,18}", re.ASCII)


class Unreadable(ValueError):
    """The text is no JSON; says why."""


def is_template(value: object) -> bool:
    """Whether this is a text with a tag in it."""
    return isinstance(value, str) and "{{" in value


def mode_of(field: Field, value: Any) -> Mode:
    """How a value of this field is edited so that nothing of it is lost."""
    if value is GONE:
        return _fresh(field)
    if field.kind == "boolean" and isinstance(value, bool):
        return "check"
    if field.kind == "choice" and any(_same(value, choice) for choice in field.choices):
        return "choice"
    if isinstance(value, str):
        return _text_mode(field, value)
    if _is_number(value) and field.kind in ("integer", "number", "scalar"):
        return "line"
    return "json"


def text_of(value: Any, mode: Mode) -> str:
    """What is shown to be edited."""
    if value is GONE:
        return ""
    if mode == "json":
        if _is_lone_tag(value):
            return str(value)
        return escape_json(json.dumps(value, ensure_ascii=False, indent=2))
    return value if isinstance(value, str) else json.dumps(value)


def value_of(field: Field, text: str, mode: Mode) -> Any:
    """What the text means; GONE when nothing is typed into a field that need not be given. Raises Unreadable."""
    if mode == "json":
        return _json_value(field, text)
    if text == "" and not field.required:
        return GONE
    numbers = {branch.kind for branch in field.branches} | {field.kind} if field.kind in ("scalar", "union") else set()
    if field.kind in ("integer", "number") or numbers & {"integer", "number"}:
        return _number(text.strip(), text)
    return text


def fault(field: Field, value: Any) -> str | None:
    """What is wrong with the value as far as this side can tell; None when nothing is."""
    if is_template(value) or (value is None and field.nullable):
        return None
    if value is GONE or (value == "" and field.required and field.shortest):
        return f"{clean(field.title)} is required" if field.required else None
    if field.kind in ("integer", "number"):
        return _number_fault(field, value)
    if field.kind == "boolean" and not isinstance(value, bool):
        return "this must be true or false"
    if field.kind == "choice" and not any(_same(value, choice) for choice in field.choices):
        return f"this must be one of {', '.join(clean(text_of(c, 'line')) for c in field.choices)}"
    if field.kind in ("text", "secret", "expression") and isinstance(value, str):
        return _text_fault(field, value)
    if field.kind in ("array", "map") and isinstance(value, list | dict):
        if len(value) < field.shortest:
            return f"at least {field.shortest} needed"
        if field.longest is not None and len(value) > field.longest:
            return f"at most {field.longest} allowed"
    return None


def placeholder(field: Field) -> str:
    """What an empty field shows: its default, or an example."""
    if field.default is not GONE and field.default not in (None, ""):
        return clean(f"{_plain(field.default)}")
    return f"e.g. {clean(_plain(field.examples[0]))}" if field.examples else ""


def is_safe(text: str, *, lines: bool = False) -> bool:
    """Whether nothing in the text is invisible, so that it can be edited as it is; `lines` allows line ends."""
    return (text.replace("\n", "") if lines else text).isprintable()


def _fresh(field: Field) -> Mode:
    if field.kind == "boolean":
        return "check" if field.default is not GONE else "choice"
    if field.kind == "choice":
        return "choice"
    if field.kind in _TEXTS:
        return "area" if field.multiline else "line"
    return "json"


def _text_mode(field: Field, value: str) -> Mode:
    if not is_safe(value, lines=True):
        return "json"
    if field.kind in ("choice", "boolean"):
        return "line"
    if field.kind not in _TEXTS or (field.kind in ("integer", "number", "scalar") and _NUMBER.fullmatch(value)):
        return "json"
    many = "\n" in value or field.multiline or (len(value) > _LONG and field.kind != "secret")
    return "area" if many else "line"


def _json_value(field: Field, text: str) -> Any:
    if not text.strip():
        if field.required:
            raise Unreadable("write a JSON value; a text stands in quotes")
        return GONE
    try:
        return parse_json(text.encode())
    except (BadJson, UnicodeEncodeError) as error:
        if _is_lone_tag(text.strip()):
            return text.strip()
        raise Unreadable(str(getattr(error, "message", "not valid JSON"))) from None


def _is_lone_tag(value: object) -> bool:
    if not (isinstance(value, str) and value.startswith("{{") and value.endswith("}}") and value.isprintable()):
        return False
    return value == value.strip()


def _number(typed: str, otherwise: str) -> int | float | str:
    """The number the text is, as long as JSON can hold it."""
    if _WHOLE.fullmatch(typed):
        return int(typed)
    if _NUMBER.fullmatch(typed) and math.isfinite(float(typed)):
        return float(typed)
    return otherwise


def _number_fault(field: Field, value: Any) -> str | None:
    if not _is_number(value) or (field.kind == "integer" and not float(value).is_integer()):
        return "this must be a whole number" if field.kind == "integer" else "this must be a number"
    if field.least is not None and value < field.least:
        return f"at least {field.least:,g}"
    if field.most is not None and value > field.most:
        return f"at most {field.most:,}"
    return None


def _text_fault(field: Field, value: str) -> str | None:
    if len(value) < field.shortest:
        return f"at least {field.shortest} characters" if value else f"{clean(field.title)} must not be empty"
    if field.longest is not None and len(value) > field.longest:
        return f"at most {field.longest:,} characters, not {len(value):,}"
    if field.pattern is not None and not _matches(field.pattern, value):
        return f"this must fit {clean(field.pattern)}"
    return None


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value[:_LONG]) is not None
    except re.error:  # another dialect of patterns: the server judges
        return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
