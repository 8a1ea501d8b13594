"""The base of every document: camelCase outside, snake_case inside, unknown keys refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Document(BaseModel):
    """A pydantic model whose JSON keys are camelCase and whose unknown keys are an error."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )
