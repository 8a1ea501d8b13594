"""The page behind a signed address: the question, its form and the answers. No script, nothing from elsewhere.

Opening it decides nothing: scanners of mail open every address. Only the form that is sent does.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from engine.errors import BadJson, Problem
from engine.jsonio import dump_text, parse_json

STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; }
body { font: 17px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 36rem; padding: 2rem 1.2rem; }
h1 { font-size: 1.3rem; white-space: pre-wrap; overflow-wrap: anywhere; }
label { display: block; margin: 0.9rem 0 0.2rem; } small, .what { opacity: 0.75; }
input, select, textarea { font: inherit; width: 100%; box-sizing: border-box; padding: 0.4rem; }
input[type=checkbox] { width: auto; }
button { font: inherit; padding: 0.5rem 1.1rem; margin: 1.2rem 0.5rem 0 0; cursor: pointer; }
.problem { border: 1px solid #c33; padding: 0.5rem 0.8rem; border-radius: 6px; }
"""
_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
FIELD: Final = "data."
"""What the names of the form's fields begin with."""
_LABELS: Final = {
    "approve": "Approve",
    "reject": "Reject",
    "send-back": "Send back",
    "signal": "Go on",
    "done": "It happened",
    "again": "Run it again",
    "fail": "It failed",
}
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def message_page(title: str, text: str) -> str:
    """A page that only says something."""
    return "".join(_frame(title, [f"<h1>{escape(title)}</h1><p>{escape(text)}</p>"]))


def question_page(workflow: str, question: Mapping[str, Any], problems: list[Problem] | None = None) -> str:
    """The question with its form; `problems` are what was wrong with the answer given before."""
    return "".join(_frame(question["message"], _question(workflow, question, problems or [])))


def _frame(title: str, body: Iterator[str] | list[str]) -> Iterator[str]:
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta name="viewport" content="width=device-width"><title>{escape(title[:80])}</title>'
    yield f"<style>{STYLE}</style></head><body>"
    yield from body
    yield "</body></html>"


def _question(workflow: str, question: Mapping[str, Any], problems: list[Problem]) -> Iterator[str]:
    yield f'<p class="what">{escape(workflow)} asks</p><h1>{escape(question["message"])}</h1>'
    for problem in problems:
        yield f'<p class="problem">{escape(str(problem))}</p>'
    yield '<form method="post" autocomplete="off">'
    form = question["form"] or {}
    for name, field in form.get("properties", {}).items():
        yield from _field(name, field, needed=name in form.get("required", ()))
    if question["kind"] == "approval":
        yield '<label for="reason">Feedback</label><textarea id="reason" name="reason" maxlength="1000"></textarea>'
    for outcome in question["outcomes"]:
        label = escape(_LABELS.get(outcome, outcome))
        skips = "" if outcome == "approve" else " formnovalidate"
        yield f'<button name="outcome" value="{escape(outcome)}"{skips}>{label}</button>'
    until = f" It can be answered until {escape(str(question['dueAt']))}." if question["dueAt"] else ""
    yield f"<p><small>This page works once.{until}</small></p></form>"


def _field(name: str, field: Mapping[str, Any], *, needed: bool) -> Iterator[str]:
    label = escape(str(field.get("title") or name))
    known = escape(FIELD + name)
    must = " required" if needed else ""
    kind, default = field.get("type"), field.get("default")
    yield f'<label for="{known}">{label}{" *" if needed else ""}</label>'
    if "enum" in field:
        yield f'<select id="{known}" name="{known}"{must}><option value=""></option>'
        for option in field["enum"]:
            text = escape(_written(option))
            yield f'<option value="{text}"{" selected" if option == default else ""}>{text}</option>'
        yield "</select>"
    elif kind == "boolean":
        yield f'<input type="checkbox" id="{known}" name="{known}" value="true"{" checked" if default is True else ""}>'
    elif kind in ("object", "array") or not isinstance(kind, str):
        yield f'<textarea id="{known}" name="{known}"{must}>{escape(_written(default))}</textarea>'
    else:
        look = 'type="number" step="any"' if kind in ("number", "integer") else 'type="text"'
        yield f'<input {look} id="{known}" name="{known}" value="{escape(_written(default))}"{must}>'
    if field.get("description"):
        yield f"<small>{escape(str(field['description']))}</small>"


def _written(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else dump_text(value)


def answer_data(form: Mapping[str, Any] | None, sent: Mapping[str, str]) -> dict[str, Any] | None:
    """What was filled in, as the form wants it; what cannot be read stays text, which the form then refuses."""
    if form is None:
        return None
    found: dict[str, Any] = {}
    for name, field in form.get("properties", {}).items():
        text = sent.get(FIELD + name)
        if field.get("type") == "boolean":
            found[name] = text == "true"
        elif text:
            found[name] = _value(field, text)
    return found


def _value(field: Mapping[str, Any], text: str) -> Any:
    if "enum" in field:
        return next((option for option in field["enum"] if _written(option) == text), text)
    kind = field.get("type")
    if kind == "string":
        return text
    if kind in ("number", "integer") and not _NUMBER.fullmatch(text.strip()):
        return text
    try:
        return parse_json(text.encode("utf-8", "replace"))
    except BadJson:
        return text
