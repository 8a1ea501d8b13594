"""Steps that write text."""

from __future__ import annotations

from pydantic import Field

from engine.sdk import Context, Example, Params, StepResult, Steps
from plugins.values import Key, Text

steps = Steps("text")


class TemplateParams(Params):
    """The text, and where to put it."""

    template: Text = Field(
        json_schema_extra={"format": "multiline"},
        examples=["Dear {{name}},\n{{#orders}}\n* {{id}}: {{total}}\n{{/orders}}\n"],
    )
    """A Mustache template: `{{name}}`, `{{#list}}...{{/list}}`, `{{^empty}}...{{/empty}}`, `{{name | upper}}`."""
    as_: Key = Field(default="text", alias="as", title="As", examples=["letter"])
    """The key the text is put under."""


@steps.action(
    "template",
    TemplateParams,
    title="Write text",
    effect="pure",
    instant=True,
    examples=(
        Example(
            "A list in a letter",
            {"template": "Dear {{name}},\n{{#orders}}\n* {{id}}\n{{/orders}}\n", "as": "letter"},
            {"name": "Ali", "orders": [{"id": "a1"}, {"id": "b2"}]},
            {"letter": "Dear Ali,\n* a1\n* b2\n"},
        ),
    ),
)
async def template(ctx: Context, params: TemplateParams) -> StepResult:
    """Write a text from a template."""
    # The engine renders every text of the parameters before a handler sees them: here it is finished.
    return StepResult.success({params.as_: params.template})
