"""Rows 54 and 55: operators and SQL in every field of every body, and in every part of every query. Generated."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from server.routing import Route
from tests.security.teams import body_of, locked_routes, name_of
from tests.server.live import Live, Person
from tests.server.test_idor import things_of

OPERATORS: list[Any] = [{"$gt": ""}, {"$ne": None}, {"$where": "sleep(1000)"}, ["$in"]]
TEXTS = ["' OR 1=1 --", '"; DROP TABLE runs; --', '{"$gt":""}', "[$ne]", "%", "_%", "*", "-1", "\x00"]
FREE = frozenset({"data", "output", "document", "steps"})
"""What holds any JSON, or documents with rules of their own."""


def _fields(route: Route) -> list[str]:
    return [] if route.query is None else [f.alias or name for name, f in route.query.model_fields.items()]


@pytest.mark.parametrize("operator", OPERATORS, ids=str)
async def test_an_operator_is_no_value(ali: Person, operator: Any) -> None:
    """Row 54: a field that holds a text or a number takes nothing else, on any route."""
    things, tried = await things_of(ali), 0
    for route in locked_routes():
        body = body_of(route)
        if not isinstance(body, dict):
            continue
        for name, value in body.items():
            if name in FREE or isinstance(value, dict | list):
                continue
            answer = await ali.call(route.method, things.path(route), {**body, name: operator})
            assert 400 <= answer.status < 500, (name_of(route), name, answer.body)
            assert answer.code != "not_found" or "{" in route.path, (name_of(route), name)
            tried += 1
    assert tried > 25


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
async def test_a_query_is_values_from_a_closed_list_of_fields(server: Live, ali: Person, text: str) -> None:
    """Rows 54 and 55: each parameter finds nothing or is refused; others, and operators on names, are refused."""
    eve = await server.person("eve")
    theirs = await things_of(eve)
    things, tried = await things_of(ali), 0
    for route in locked_routes():
        if route.method != "GET" or route.path.endswith("/events"):
            continue
        path = things.path(route)
        for name in [*_fields(route), "sort", "order", "orderBy", "fields"]:
            for query in (urlencode({name: text}), urlencode({f"{name}[$ne]": text}), urlencode({f"{name}.$gt": text})):
                answer = await ali.call("GET", f"{path}?{query}")
                assert answer.status < 500, (name_of(route), query, answer.body)
                assert theirs.workflow.encode() not in answer.body, (name_of(route), query)
                assert theirs.run.encode() not in answer.body, (name_of(route), query)
                tried += 1
    assert tried > 200
    assert len(await ali.get("/api/runs")) == 1, "and nothing was dropped"


async def test_sorting_by_what_is_not_offered_is_refused(ali: Person) -> None:
    """Row 55: lists say so instead of ignoring it."""
    for path in ("/api/runs", "/api/workflows", "/api/jobs"):
        for name in ("sort", "orderBy", "$where"):
            answer = await ali.call("GET", f"{path}?{urlencode({name: 'passwordHash'})}")
            assert answer.status == 422, (path, name)
            assert [problem["field"] for problem in answer.json["problems"]] == [name]
