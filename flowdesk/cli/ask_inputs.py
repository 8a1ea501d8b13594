"""What a workflow needs to begin with and was not given, asked for on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flowdesk.tui.draw.schema_fields import Field


def completed(data: dict[str, Any] | None, inputs: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The data with what the person at the terminal adds; as it is when there is nobody or nothing to ask.

    Only required fields without a default are asked for. What does not fit is asked for again; what only the server
    can tell it refuses, naming the field.
    """
    if not inputs or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return data
    given = dict(data or {})
    for field in missing(given, inputs):
        given[field.key] = _answer(field)
    return given or data


def missing(given: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[Field]:
    """The required fields that were not given and have no default, in the order the workflow names them."""
    from flowdesk.tui.draw.paths import GONE
    from flowdesk.tui.draw.schema_fields import fields_of

    fields = fields_of(inputs) or ()
    return [field for field in fields if field.required and field.key not in given and field.default is GONE]


def _answer(field: Field) -> Any:
    from flowdesk.clean import clean

    if field.description:
        click.echo(f"  {clean(field.description)}", err=True)
    secret = field.kind == "secret"
    label = f"{clean(field.title)}{_kind(field)}"
    return click.prompt(label, value_proc=lambda text: _meant(field, text), hide_input=secret, err=True)


def _kind(field: Field) -> str:
    """What may be typed, where that is not just a text."""
    from flowdesk.clean import clean
    from flowdesk.tui.draw.field_values import text_of

    if field.kind == "boolean":
        return " (true, false)"
    if field.kind == "choice":
        return f" ({', '.join(clean(text_of(choice, 'line')) for choice in field.choices)})"
    names = {
        "integer": "a whole number",
        "number": "a number",
        "array": "a list, as JSON",
        "object": "an object, as JSON",
    }
    names |= {"map": "an object, as JSON", "json": "JSON", "union": "JSON"}
    return f" ({names[field.kind]})" if field.kind in names else ""


def _meant(field: Field, text: str) -> Any:
    """The value typed; a usage error, after which click asks again, when it is none of this field's."""
    from flowdesk.tui.draw.field_values import Unreadable, fault, mode_of, text_of, value_of
    from flowdesk.tui.draw.paths import GONE

    try:
        if field.kind in ("boolean", "choice"):
            choices = (True, False) if field.kind == "boolean" else field.choices
            value = next((choice for choice in choices if text_of(choice, "line") == text.strip()), text)
        else:
            value = value_of(field, text, "json" if field.kind == "union" else mode_of(field, GONE))
    except Unreadable as error:
        raise click.UsageError(str(error)) from None
    wrong = fault(field, value)
    if wrong is not None:
        raise click.UsageError(wrong)
    return value
