from __future__ import annotations

import base64
from typing import Any

import pytest
from aiohttp import BodyPartReader, web
from pydantic import ValidationError

from plugins.http.bodies import encode
from tests.plugins.http.conftest import Call
from tests.plugins.http.servers import friendly
from tests.plugins.support import checked


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ({"kind": "json", "value": {"a": [1, None, "é"]}}, "application/json", '{"a":[1,null,"é"]}'),
        ({"kind": "json", "value": None}, "application/json", "null"),
        (
            {"kind": "form", "fields": {"a b": "c&d", "tag": ["x", 2], "no": None, "on": True}},
            "application/x-www-form-urlencoded",
            "a+b=c%26d&tag=x&tag=2&on=true",
        ),
        ({"kind": "text", "text": "hé"}, "text/plain; charset=utf-8", "hé"),
        ({"kind": "text", "text": {"n": 1}}, "text/plain; charset=utf-8", '{"n":1}'),
        ({"kind": "text", "text": "<a/>", "contentType": "application/xml"}, "application/xml", "<a/>"),
        ({"kind": "raw", "base64": "aGVs\nbG8="}, "application/octet-stream", "hello"),
        ({"kind": "raw", "base64": "", "contentType": "image/png"}, "image/png", ""),
    ],
)
async def test_sends_each_kind_of_body(call: Call, body: dict[str, Any], content_type: str, sent: str) -> None:
    async with friendly() as port:
        result = await call(url=f"http://127.0.0.1:{port}/", method="POST", body=body)
    told = result.data["body"]
    assert told["headers"]["content-type"] == content_type
    assert told["body"].encode("latin-1").decode() == sent
    assert told["headers"]["content-length"] == str(len(sent.encode()))


async def test_own_content_type_wins(call: Call) -> None:
    async with friendly() as port:
        result = await call(
            url=f"http://127.0.0.1:{port}/",
            method="PATCH",
            headers={"content-type": "application/merge-patch+json"},
            body={"kind": "json", "value": {}},
        )
    assert result.data["body"]["headers"]["content-type"] == "application/merge-patch+json"


async def test_multipart_is_what_another_library_reads(call: Call) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        parts: list[list[Any]] = []
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            content = await part.read()
            parts.append([part.name, part.filename, part.headers.get("Content-Type"), content.decode("latin-1")])
        return web.json_response(parts)

    async with friendly(answer) as port:
        result = await call(
            url=f"http://127.0.0.1:{port}/",
            method="POST",
            body={
                "kind": "multipart",
                "fields": {"name": "Ali", "tag": ["a", "b"], "no": None},
                "files": [
                    {"field": "f", "filename": "a.txt", "contentType": "text/plain", "text": "one\r\ntwo"},
                    {"field": "g", "filename": "b.bin", "base64": base64.b64encode(b"\x00\xff").decode()},
                ],
            },
        )
    assert result.ok
    assert result.data["body"] == [
        ["name", None, None, "Ali"],
        ["tag", None, None, "a"],
        ["tag", None, None, "b"],
        ["f", "a.txt", "text/plain", "one\r\ntwo"],
        ["g", "b.bin", "application/octet-stream", "\x00\xff"],
    ]


def test_names_in_multipart_cannot_break_out() -> None:
    """Row 60: a quote or line break in a file name stays inside the name."""
    params = checked(
        "http.request",
        {
            "url": "http://x.example",
            "body": {
                "kind": "multipart",
                "fields": {'a"\r\nX-Evil: 1': "v"},
                "files": [{"field": "f", "filename": 'b"\r\n\r\nevil', "text": ""}],
            },
        },
    )
    raw, _ = encode(params.body)
    assert b'name="a%22%0D%0AX-Evil: 1"' in raw
    assert b'filename="b%22%0D%0A%0D%0Aevil"' in raw


@pytest.mark.parametrize(
    ("body", "where", "code"),
    [
        ({"kind": "raw", "base64": "a*b"}, ("body", "raw", "base64"), "base64"),
        ({"kind": "raw"}, ("body", "raw", "base64"), "missing"),
        ({"kind": "xml", "value": 1}, ("body",), "union_tag_invalid"),
        ({"value": 1}, ("body",), "union_tag_not_found"),
        ({"kind": "json", "value": 1, "more": 2}, ("body", "json", "more"), "extra_forbidden"),
        ({"kind": "form", "fields": {"a": {"b": 1}}}, ("body", "form", "fields", "a"), "scalar"),
        ({"kind": "form", "fields": {"a": ["b", []]}}, ("body", "form", "fields", "a"), "scalar"),
        ({"kind": "text", "text": "a", "contentType": "a\r\nb"}, ("body", "text", "contentType"), "header_value"),
        (
            {"kind": "multipart", "files": [{"field": "a", "filename": "b"}]},
            ("body", "multipart", "files", 0),
            "file_content",
        ),
        (
            {"kind": "multipart", "files": [{"field": "a", "filename": "b", "text": "", "base64": ""}]},
            ("body", "multipart", "files", 0),
            "file_content",
        ),
    ],
)
def test_refuses_at_save_what_cannot_be_sent(body: dict[str, Any], where: tuple[str | int, ...], code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        checked("http.request", {"url": "http://x.example", "body": body})
    errors = caught.value.errors()
    assert [(error["loc"], error["type"]) for error in errors] == [(where, code)]


def test_templates_in_base64_wait_for_their_value() -> None:
    checked("http.request", {"url": "http://x.example", "body": {"kind": "raw", "base64": "{{data.file}}"}})


async def test_base64_that_is_none_fails_at_run_time(call: Call) -> None:
    result = await call(url="http://127.0.0.1:9/", method="POST", body={"kind": "raw", "base64": "{{left"})
    assert (result.code, result.retryable) == ("http_bad_request", False)
    assert "not base64" in (result.error or "")
