"""What helpers of templates make of secrets is followed."""

from __future__ import annotations

import pytest

from engine.following import Followed
from engine.render.compile import compile_params

SECRET = "s3cret-Value-of-now"


@pytest.mark.parametrize(
    "text",
    [
        "{{secrets.A | upper}}",
        "x {{secrets.A | upper | lower}} y",
        "{{secrets.A | hash}}",
        "{{#secrets.A}}{{. | upper}}{{/secrets.A}}",
        '{{data.none | default "x"}}{{secrets.A | slice 0 12}}',
        '{{secrets.A | replace "-" ""}}',
        '{{secrets.A | split "-" | join "_"}}',
    ],
)
def test_what_a_helper_makes_of_a_secret_is_told(text: str) -> None:
    """Row 48: in sections and chains as well."""
    secrets = Followed({"A": SECRET, "B": "another-secret"})
    compiled = compile_params({"v": text})
    rendered = compiled.render({"data": {}, "steps": {}, "secrets": secrets})["v"]
    assert SECRET not in rendered
    assert set(secrets.made) == {"A"}
    assert any(made in rendered for made in secrets.made["A"])


def test_nothing_else_is_told() -> None:
    secrets = Followed({"A": SECRET})
    compiled = compile_params({"v": '{{secrets.A}} {{data.name | upper}} {{secrets.A | default "x"}}'})
    rendered = compiled.render({"data": {"name": "ada lovelace"}, "steps": {}, "secrets": secrets})["v"]
    assert rendered == f"{SECRET} ADA LOVELACE {SECRET}"
    assert list(secrets.all_made()) == []
