from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Problem
from flowdesk.cli.exits import Exit, exit_code
from flowdesk.errors import (
    BadContext,
    BadFile,
    BadReply,
    ClientError,
    TimedOut,
    TryLater,
    Unreachable,
    api_error,
    problem_reply,
)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "Rejected", Exit.FAILED),
        (401, "NotAuthorised", Exit.NOT_AUTHORISED),
        (403, "NotAuthorised", Exit.NOT_AUTHORISED),
        (404, "Missing", Exit.NOT_FOUND),
        (409, "InConflict", Exit.CONFLICT),
        (412, "InConflict", Exit.CONFLICT),
        (413, "Rejected", Exit.FAILED),
        (422, "Rejected", Exit.FAILED),
        (429, "TryLater", Exit.UNREACHABLE),
        (500, "ServerTrouble", Exit.TROUBLE),
        (502, "ServerTrouble", Exit.TROUBLE),
        (503, "TryLater", Exit.UNREACHABLE),
        (507, "TryLater", Exit.UNREACHABLE),
    ],
)
def test_each_status_has_its_error_and_exit_code(status: int, kind: str, code: Exit) -> None:
    error = api_error(problem_reply(status, None, request_id=None, retry_after=None))
    assert type(error).__name__ == kind
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unreachable(), Exit.UNREACHABLE),
        (TimedOut(), Exit.TIMED_OUT),
        (BadContext(), Exit.USAGE),
        (BadReply(), Exit.TROUBLE),
        (BadFile("x"), Exit.FAILED),
    ],
)
def test_the_other_errors_have_theirs(error: ClientError, code: Exit) -> None:
    assert exit_code(error) == code


def test_a_problem_document_is_read_whole() -> None:
    body = {
        "code": "invalid_workflow",
        "detail": "two problems",
        "hint": "look",
        "requestId": "r1",
        "problems": [
            {"code": "missing", "message": "is required", "stepId": "a", "field": "params.url", "line": 3, "column": 1},
            {"message": "x"},
            "not a problem",
        ],
    }
    error = api_error(problem_reply(422, body, request_id="r2", retry_after=None))
    assert (error.message, error.code, error.hint, error.request_id) == (
        "two problems",
        "invalid_workflow",
        "look",
        "r1",
    )
    assert error.problems == [
        Problem("missing", "is required", "a", "params.url", line=3, column=1),
        Problem("invalid", "x"),
    ]


@pytest.mark.parametrize("body", [None, [], "x", {"code": 5, "detail": None, "problems": "many", "hint": ["x"]}])
def test_an_answer_of_another_kind_is_still_an_error(body: Any) -> None:
    error = api_error(problem_reply(503, body, request_id="r", retry_after="7"))
    assert isinstance(error, TryLater)
    assert (error.code, error.message) == ("http_503", "the server answered 503")
    assert (error.retry_after_s, error.request_id, error.problems) == (7.0, "r", [])
