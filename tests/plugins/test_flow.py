from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from engine.sdk import Stop
from tests.plugins.support import Recorder, checked, definition, run

CASES = {
    "cases": [
        {"label": "large", "when": "data.total > 100"},
        {"label": "small", "when": "data.total > 10"},
    ]
}


@pytest.mark.parametrize(("email", "route"), [("a@b", "true"), ("", "false")])
async def test_if_chooses_a_route(email: str, route: str) -> None:
    result = await run("flow.if", {"condition": "data.email != ''"}, Recorder(data={"email": email}))
    assert (result.ok, result.goto, result.data) == (True, route, None)


@pytest.mark.parametrize("value", ["'yes'", "1", "null", "[]"])
async def test_a_condition_is_true_or_false_and_nothing_else(value: str) -> None:
    with pytest.raises(Stop, match="true or false") as caught:
        await run("flow.if", {"condition": value})
    assert caught.value.code == "condition_not_boolean"


async def test_a_missing_field_is_an_error_that_names_it() -> None:
    with pytest.raises(Stop, match="email"):
        await run("flow.if", {"condition": "data.email != ''"})


@pytest.mark.parametrize(("total", "route"), [(500, "large"), (50, "small"), (5, None)])
async def test_switch_takes_the_first_case_that_fits(total: int, route: str | None) -> None:
    assert (await run("flow.switch", CASES, Recorder(data={"total": total}))).goto == route


async def test_switch_falls_back_to_its_default() -> None:
    result = await run("flow.switch", {**CASES, "default": "free"}, Recorder(data={"total": 0}))
    assert result.goto == "free"


async def test_switch_does_not_look_beyond_the_case_that_fits() -> None:
    cases = [{"label": "a", "when": "true"}, {"label": "b", "when": "data.missing"}]
    assert (await run("flow.switch", {"cases": cases})).goto == "a"


@pytest.mark.parametrize(
    ("ref", "params", "routes"),
    [
        ("flow.if", {}, ("true", "false")),
        ("flow.switch", CASES, ("large", "small")),
        ("flow.switch", {**CASES, "default": "large"}, ("large", "small")),
        ("flow.switch", {**CASES, "default": "other"}, ("large", "small", "other")),
        ("flow.switch", {}, ()),
        ("flow.switch", {"cases": "no list", "default": 5}, ()),
        ("flow.switch", {"cases": ["no object", {"label": 7}, {"label": "x"}]}, ("x",)),
    ],
)
def test_routes_are_known_before_the_run(ref: str, params: dict[str, Any], routes: tuple[str, ...]) -> None:
    """Raw params may be broken in any way: another check says so, this one must only not fail."""
    declared = definition(ref).routes
    assert declared is not None
    assert declared(params) == routes


@pytest.mark.parametrize(
    ("ref", "params"),
    [
        ("flow.if", {}),
        ("flow.if", {"condition": ""}),
        ("flow.switch", {"cases": []}),
        ("flow.switch", {"cases": [{"label": "a"}]}),
        ("flow.switch", {"cases": [{"label": "", "when": "true"}]}),
    ],
)
def test_refuses_at_save(ref: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        checked(ref, params)
