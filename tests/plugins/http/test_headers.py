from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from plugins.http.headers import name_problem, value_problem
from plugins.http.params import RequestParams
from plugins.http.request import request
from tests.plugins.support import Recorder, checked

FRAMING = [
    "Content-Length",
    "transfer-encoding",
    "Connection",
    "HOST",
    "Upgrade",
    "TE",
    "Trailer",
    "Keep-Alive",
    "Expect",
    "Proxy-Authorization",
    "Proxy-Connection",
]
VALUES = ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "a\x1bb", "a\x7fb", "\ud800"]


@pytest.mark.parametrize("name", [*FRAMING, "", "a b", "a:b", "a\r\nb", "é", "{{data.name}}"])
@pytest.mark.parametrize("ref", ["http.request", "http.respond"])
def test_names_are_refused_at_save(ref: str, name: str) -> None:
    """Row 60: framing headers and impossible names are problems of the document."""
    params: dict[str, Any] = {"headers": {name: "5"}} | ({"url": "http://x.example"} if ref == "http.request" else {})
    with pytest.raises(ValidationError) as caught:
        checked(ref, params)
    assert [(error["loc"][:2], error["type"]) for error in caught.value.errors()] == [
        (("headers", name), "header_refused")
    ]


@pytest.mark.parametrize("value", VALUES)
def test_values_are_refused_at_save(value: str) -> None:
    """Row 60: no value can begin a header of its own."""
    with pytest.raises(ValidationError) as caught:
        checked("http.request", {"url": "http://x.example", "headers": {"X-A": value}})
    assert caught.value.errors()[0]["loc"] == ("headers", "X-A")


@pytest.mark.parametrize("headers", [{name: "5"} for name in FRAMING] + [{"X-A": value} for value in VALUES])
async def test_and_again_at_run_time(ctx: Recorder, headers: dict[str, str | None]) -> None:
    """Row 60: whatever way the values came, nothing of it is sent."""
    params = RequestParams.model_construct(url="http://127.0.0.1:9/", headers=headers)
    result = await request(ctx, params)
    assert (result.code, result.retryable) == ("http_bad_request", False)


@pytest.mark.parametrize(
    "auth",
    [
        {"kind": "bearer", "token": "a\r\nX-Evil: 1"},
        {"kind": "bearer", "token": ""},
        {"kind": "header", "name": "Content-Length", "value": "1"},
        {"kind": "header", "name": "X-Key", "value": "a\nb"},
        {"kind": "basic", "username": "a:b", "password": "c"},
        {"kind": "digest"},
    ],
)
def test_credentials_are_checked_alike(auth: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        checked("http.request", {"url": "http://x.example", "auth": auth})


def test_one_header_has_one_source() -> None:
    for params in (
        {"headers": {"X-A": "1", "x-a": "2"}},
        {"headers": {"authorization": "x"}, "auth": {"kind": "bearer", "token": "t"}},
        {"headers": {"x-key": "x"}, "auth": {"kind": "header", "name": "X-Key", "value": "t"}},
        {"headers": {"Content-Type": "a/b"}, "body": {"kind": "multipart"}},
    ):
        with pytest.raises(ValidationError) as caught:
            checked("http.request", {"url": "http://x.example", **params})
        assert [error["type"] for error in caught.value.errors()] == ["header_twice"]


def test_ordinary_headers_pass() -> None:
    headers = {"Authorization": "x", "X-Number": 5, "X-Tab": "a\tb", "X-Accent": "é", "X-None": None}
    params = checked("http.request", {"url": "http://x.example", "headers": headers})
    assert params.headers == {**headers, "X-Number": "5"}


def test_problems_say_what_to_do() -> None:
    assert name_problem("X-A") is None
    assert value_problem("a, b") is None
    assert "frames messages" in (name_problem("content-length") or "")
    assert "line breaks" in (value_problem("a\nb") or "")
