"""The fields every step has besides its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Final

from engine.models.workflow import Step
from flowdesk.tui.draw.paths import Path
from flowdesk.tui.draw.schema_fields import Field, fields_of, words_of

LIMITS: Final = ("timeoutMs", "stopOnFailure", "onError", "undo", "join", "saveAs", "effect")


@cache
def step_fields() -> dict[str, Field]:
    """Every field of a step's document by its key, titled by the words in the key."""
    read = fields_of(Step.model_json_schema(by_alias=True)) or ()
    return {field.key: _titled(field) for field in read}


def limits() -> Iterator[tuple[Path, Field]]:
    """What is under "Retry and limits", each with its path."""
    fields = step_fields()
    yield from ((("retry", field.key), field) for field in fields["retry"].fields)
    yield from (((key,), fields[key]) for key in LIMITS)


def _titled(field: Field) -> Field:
    return replace(field, title=words_of(field.key), fields=tuple(_titled(member) for member in field.fields))
