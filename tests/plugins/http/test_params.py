from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.plugins.support import checked

URL = "https://api.example.com/"


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({}, ("url",)),
        ({"url": ""}, ("url",)),
        ({"url": "ftp://x.example"}, ("url",)),
        ({"url": "ftp://{{data.host}}/x"}, ("url",)),
        ({"url": "https://ali:secret@x.example/"}, ("url",)),
        ({"url": "https://x.example/\n"}, ("url",)),
        ({"url": URL + "a" * 9000}, ("url",)),
        ({"url": URL, "method": "GET /x"}, ("method",)),
        ({"url": URL, "method": "G\r\nET"}, ("method",)),
        ({"url": URL, "method": "CONNECT"}, ("method",)),
        ({"url": URL, "method": ""}, ("method",)),
        ({"url": URL, "query": {"a": {"b": 1}}}, ("query", "a")),
        ({"url": URL, "expectedStatus": []}, ("expectedStatus",)),
        ({"url": URL, "expectedStatus": ["2xx", "6xx"]}, ("expectedStatus", 1)),
        ({"url": URL, "expectedStatus": ["ok"]}, ("expectedStatus", 0)),
        ({"url": URL, "expectedStatus": [99]}, ("expectedStatus", 0)),
        ({"url": URL, "expectedStatus": [[200]]}, ("expectedStatus", 0)),
        ({"url": URL, "timeoutMs": 0}, ("timeoutMs",)),
        ({"url": URL, "timeoutMs": 600_001}, ("timeoutMs",)),
        ({"url": URL, "maxBytes": 0}, ("maxBytes",)),
        ({"url": URL, "response": "xml"}, ("response",)),
        ({"url": URL, "timeout": 5}, ("timeout",)),
    ],
)
def test_problems_are_found_at_save(params: dict[str, Any], where: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        checked("http.request", params)
    assert [error["loc"] for error in caught.value.errors()] == [where]
    assert all("secret" not in error["msg"] for error in caught.value.errors())


@pytest.mark.parametrize(
    "params",
    [
        {"url": "{{data.url}}"},
        {"url": "{{data.base}}/orders"},
        {"url": "https://{{data.host}}:{{data.port}}/"},
        {"url": "HTTPS://API.EXAMPLE.COM/ä ö?x=ü"},
        {"url": "http://[::1]:8080/"},
        {"url": URL, "expectedStatus": ["2XX", 404, "{{data.status}}"]},
        {"url": URL, "method": "patch"},
    ],
)
def test_what_may_be_right_passes(params: dict[str, Any]) -> None:
    checked("http.request", params)


def test_defaults() -> None:
    params = checked("http.request", {"url": URL})
    assert (params.method, params.expected_status, params.response) == ("GET", ["2xx", "3xx"], "auto")
    assert (params.verify_tls, params.follow_redirects, params.idempotency_key) == (True, True, True)
    assert (params.timeout_ms, params.max_bytes) == (30_000, None)
