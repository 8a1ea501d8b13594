"""What is suggested in a template's tag."""

from __future__ import annotations

from typing import Any

import pytest

from engine.render.helpers.catalogue import HELPERS as ENGINE_HELPERS
from flowdesk.tui import template_helpers
from flowdesk.tui.completion import UNKNOWN, Candidate, candidates

SCOPE: dict[str, Any] = {
    "data": {
        "email": "ada@example.org",
        "items": [{"price": 3}],
        "First Name": "Ada",
        "run": 1,
        "bad\x1b[2J": "\u202ex",
    },
    "steps": {"fetch": {"status": 200, "body": {"ok": True}}, "later": UNKNOWN},
    "trigger": {"kind": "webhook"},
    "run": {"id": "run_1"},
}


def offered(typed: str, after: str = "") -> list[Candidate]:
    return candidates(typed + after, len(typed), SCOPE)


def labels(typed: str, after: str = "") -> list[str]:
    return [candidate.label for candidate in offered(typed, after)]


def done(typed: str, label: str, after: str = "") -> str:
    """The text when the candidate of that label was taken."""
    taken = next(candidate for candidate in offered(typed, after) if candidate.label == label)
    text = typed + after
    return text[: taken.start] + taken.insert + text[taken.end :]


def test_nothing_outside_a_tag() -> None:
    assert offered("email") == []
    assert offered("{{email}} and") == []
    assert offered("{{! a note") == []
    assert offered("{{email is") == []


def test_bare_names_are_keys_of_data_then_the_roots() -> None:
    found = labels("Dear {{")
    assert found[:2] == ["email", "items"]
    assert found.index("steps") > found.index("email")
    assert "@now" in found
    assert found.count("run") == 1  # a key of data called like a root is not what {{run}} means


def test_typing_narrows_with_beginnings_first() -> None:
    assert labels("{{em") == ["email", "items"]
    assert labels("{{steps.fe") == ["fetch"]


def test_values_are_shown_beside_the_names() -> None:
    details = {candidate.label: candidate.detail for candidate in offered("{{")}
    assert details["email"] == '"ada@example.org"'
    assert details["items"] == "[1 item]"
    assert {c.label: c.detail for c in offered("{{steps.")} == {"fetch": "{2 keys}", "later": ""}


def test_names_of_secrets_are_offered_and_have_no_value() -> None:
    scope = {**SCOPE, "secrets": {"CRM_TOKEN": UNKNOWN, "SMTP": UNKNOWN}}
    assert [(one.label, one.detail) for one in candidates("{{secrets.c", 11, scope)] == [("CRM_TOKEN", "")]
    (taken,) = candidates("{{secrets.SM", 12, scope)
    assert taken.insert == "SMTP}}"
    assert "secrets" in [one.label for one in candidates("{{", 2, scope)]


def test_a_value_closes_the_tag_and_an_object_goes_on() -> None:
    assert done("Dear {{em", "email") == "Dear {{email}}"
    assert done("{{ste", "steps") == "{{steps."
    assert done("{{steps.fetch.st", "status", "}} left") == "{{steps.fetch.status}} left"


def test_three_braces_are_closed_by_three() -> None:
    assert done("{{{em", "email") == "{{{email}}}"


def test_the_rest_of_a_word_is_replaced() -> None:
    assert done("{{em", "email", "aal}}!") == "{{email}}!"


def test_positions_and_keys_with_spaces() -> None:
    assert labels("{{data.items.0.") == ["price"]
    assert labels("{{data.items[0].") == ["price"]
    assert done("{{data.fir", "First Name") == '{{data["First Name"]}}'
    assert done("{{fir", "First Name") == '{{data["First Name"]}}'


def test_helpers_follow_a_pipe_and_texts_are_no_pipes() -> None:
    assert labels("{{email | up") == ["upper"]
    assert labels('{{email | default "a | b" | low') == ["lower"]
    assert labels('{{email | default "x') == []


def test_a_section_is_closed_by_its_name() -> None:
    assert done("{{#data.items}}{{/", "data.items") == "{{#data.items}}{{/data.items}}"
    assert labels("{{#items}}{{/items}}{{/") == []


def test_what_came_from_outside_is_clean() -> None:
    wild = next(candidate for candidate in offered("{{bad"))
    assert wild.label.isprintable()
    assert wild.detail.isprintable()


@pytest.mark.parametrize("text", ["{{", "{{{", "{{[", '{{["', '{{data["', "{{a..b.", "{{.", "{{|", "{{#", "{{\ud800"])
def test_half_typed_tags_never_raise(text: str) -> None:
    for cursor in range(len(text) + 1):
        candidates(text, cursor, SCOPE)
    candidates(text, len(text), {})


def test_the_helpers_are_those_of_the_engine() -> None:
    assert {name: helper.summary for name, helper in ENGINE_HELPERS.items()} == template_helpers.HELPERS
