"""JSON Schemas whose titles people can read: `Backoff ms` for `backoffMs`."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")


class ReadableSchema(GenerateJsonSchema):
    """Makes a field's title of the words in its name."""

    def get_title_from_name(self, name: str) -> str:
        """`maxBackoffMs` as `Max backoff ms`."""
        return _HUMP.sub(" ", name).strip().capitalize()


@cache
def params_schema(model: type[BaseModel] | None) -> dict[str, Any]:
    """The schema of a step's parameters as a person writes them."""
    if model is None:
        return {"type": "object", "additionalProperties": True}
    return model.model_json_schema(by_alias=True, schema_generator=ReadableSchema)
