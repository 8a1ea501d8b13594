"""What webhooks of every kind become."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadJson
from engine.jsonio import check_json
from engine.masking import MASK
from engine.models.run import TriggerKind
from server.hook_input import MAX_FIELDS, MAX_RAW, read_data, readable_headers, repeated, webhook_trigger

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "content_type", "data"),
    [
        (b'{"email":"user@example.com"}', JSON, {"email": "user@example.com"}),
        (b'{"a":1}', "application/json; charset=utf-8", {"a": 1}),
        (b'{"a":1}', "application/cloudevents+json", {"a": 1}),
        (b"[1,2]", JSON, {"body": [1, 2]}),
        (b'"text"', JSON, {"body": "text"}),
        (b"null", JSON, {"body": None}),
        (b"0", JSON, {"body": 0}),
        (b"", JSON, {}),
        (b"", "", {}),
        (b'{"a":1}', "", {"a": 1}),
        (b"name=Ali&name=Aylin&empty=", FORM, {"name": ["Ali", "Aylin"], "empty": ""}),
        (b"plus=a+b&percent=%C3%BC", FORM, {"plus": "a b", "percent": "ü"}),
        (b'{"typed":"with curl -d"}', FORM, {"typed": "with curl -d"}),
        (b"{not json}=1", FORM, {"{not json}": "1"}),
        (b"plain words", "text/plain", {"body": "plain words"}),
        (b'{"a":1}', "text/plain", {"body": '{"a":1}'}),
        ("größe".encode("latin-1"), "text/plain; charset=ISO-8859-1", {"body": "größe"}),
        (b"<a/>", "application/xml", {"body": "<a/>"}),
        (b"\xff\x00\xfe", "application/octet-stream", {"body": "/wD+", "bodyEncoding": "base64"}),
        (b"abc", "text/plain; charset=rot13", {"body": "YWJj", "bodyEncoding": "base64"}),
        (b"abc", "text/plain; charset=idna", {"body": "YWJj", "bodyEncoding": "base64"}),
    ],
)
def test_bodies(body: bytes, content_type: str, data: dict[str, Any]) -> None:
    assert read_data(body, content_type)[0] == data


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b'{"a":', JSON, "bad_json"),
        (b'{"a":NaN}', JSON, "bad_json"),
        (b'{"a":"\xff"}', JSON, "bad_json"),
        (b'{"a":"\\ud800"}', JSON, "bad_json"),
        (b'{"a":' + b"9" * 5000 + b"}", JSON, "bad_json"),
        (b'{"a":' + b"9" * 20 + b"}", JSON, "json_big_integer"),
        (b"[" * 5000 + b"]" * 5000, JSON, "bad_json"),
        (b"[" * 200 + b"]" * 200, JSON, "json_too_deep"),
        (b'{"a\\u0000":1}', JSON, "json_bad_key"),
        (b"a=%FF", FORM, "bad_form"),
        (b"a\x00=1", FORM, "json_bad_key"),
        ("ü=1".encode(), FORM, "bad_form"),
        (b"&".join(b"a=1" for _ in range(MAX_FIELDS + 1)), FORM, "bad_form"),
        (b"x", "multipart/form-data", "bad_form"),
    ],
)
def test_bodies_that_lie(body: bytes, content_type: str, code: str) -> None:
    """Row 23: what is not what it says it is gets a 400, never a 500."""
    with pytest.raises(BadJson) as caught:
        read_data(body, content_type)
    assert caught.value.code == code


TYPES = [JSON, FORM, "", "text/plain", "multipart/form-data; boundary=b", "x/y;charset=utf-16"]


@given(st.binary(max_size=300), st.sampled_from(TYPES))
def test_any_bytes_are_data_or_refused(body: bytes, content_type: str) -> None:
    """Row 23: whatever comes, the data can be stored and given back unchanged."""
    try:
        data, raw = read_data(body, content_type)
    except BadJson:
        return
    check_json(data)
    assert raw is None or isinstance(raw, str)
    assert json.loads(json.dumps(data)) == data


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_content_type_is_survived(content_type: str, charset: str) -> None:
    """Row 23: nonsense in the Content-Type header never escapes as another error."""
    for header in (content_type, f"text/plain; charset={charset}", f"multipart/form-data; boundary={charset}"):
        try:
            read_data(b"--x\r\n\r\n", header.encode("utf-8", "replace").decode())
        except BadJson:
            continue


def test_headers_are_readable_and_hold_no_credentials() -> None:
    """Row 48: credentials of the caller never reach the journal."""
    headers = readable_headers(
        [
            ("Content-Type", "a/b"),
            ("X-Many", "1"),
            ("x-many", "2"),
            ("Authorization", "Bearer secret"),
            ("COOKIE", "session=secret"),
            ("Proxy-Authorization", "secret"),
            ("X-Gitlab-Token", "secret"),
            ("X-Api-Key", "secret"),
            ("X-Odd", "\udcff"),
        ]
    )
    assert headers["content-type"] == "a/b"
    assert headers["x-many"] == "1, 2"
    assert headers["x-odd"] == "\ufffd"
    masked = ("authorization", "cookie", "proxy-authorization", "x-gitlab-token", "x-api-key")
    assert [headers[name] for name in masked] == [MASK] * 5


def test_repeated_names_become_lists() -> None:
    assert repeated([("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")]) == {"a": ["1", "3", "4"], "b": "2"}


def test_the_trigger_holds_everything_beside_the_data() -> None:
    trigger = webhook_trigger("PUT", b'{"n":1}', [("Content-Type", JSON)], [("q", "1"), ("q", "2")], "hook")
    assert trigger.kind is TriggerKind.WEBHOOK
    assert trigger.data == {"n": 1}
    assert trigger.step_id == "hook"
    assert trigger.meta == {
        "method": "PUT",
        "headers": {"content-type": JSON},
        "query": {"q": ["1", "2"]},
        "raw": '{"n":1}',
    }


def test_a_long_body_is_not_kept_twice() -> None:
    body = b'{"a":"' + b"x" * MAX_RAW + b'"}'
    data, raw = read_data(body, JSON)
    assert len(data["a"]) == MAX_RAW
    assert raw is None
