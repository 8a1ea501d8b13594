"""Forms with files."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadJson
from server.multipart import MAX_PARTS, parse_content_type, read_multipart


def form(*parts: tuple[str, bytes], boundary: str = "b") -> bytes:
    return b"".join(
        b"--%b\r\n%b\r\n\r\n%b\r\n" % (boundary.encode(), head.encode(), content) for head, content in parts
    ) + b"--%b--\r\n" % (boundary.encode())


def field(name: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"'


def test_fields_and_files() -> None:
    body = form(
        (field("name"), b"Ali"),
        (field("notes") + '; filename="a b.txt"\r\nContent-Type: text/plain', b"line\r\nline"),
        (field("photo") + "; filename=p.png\r\nContent-Type: image/png", b"\x89PNG\r\n\x1a\n"),
        (field("odd") + "; filename=x.txt\r\nContent-Type: text/plain; charset=utf-8", b"\xff"),
        (field("bare") + "; filename=x", b""),
    )
    assert read_multipart(body, "b") == [
        ("name", "Ali"),
        ("notes", {"filename": "a b.txt", "contentType": "text/plain", "size": 10, "text": "line\r\nline"}),
        (
            "photo",
            {
                "filename": "p.png",
                "contentType": "image/png",
                "size": 8,
                "base64": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode(),
            },
        ),
        ("odd", {"filename": "x.txt", "contentType": "text/plain", "size": 1, "base64": "/w=="}),
        ("bare", {"filename": "x", "contentType": "application/octet-stream", "size": 0, "base64": ""}),
    ]


def test_text_before_the_first_boundary_is_no_part() -> None:
    assert read_multipart(b"preamble\r\n" + form((field("a"), b"1")), "b") == [("a", "1")]


async def test_what_aiohttp_writes_is_read_back() -> None:
    data = aiohttp.FormData(quote_fields=False)
    data.add_field("name", "Ümit")
    data.add_field("file", b"\x00\x01--b\r\n", filename="größe.bin", content_type="application/octet-stream")
    written = data()
    kind, params = parse_content_type(written.headers["Content-Type"])
    assert kind == "multipart/form-data"
    fields: dict[str, Any] = dict(read_multipart(await written.as_bytes(), params["boundary"]))
    assert fields["name"] == "Ümit"
    assert fields["file"]["filename"] == "größe.bin"
    assert base64.b64decode(fields["file"]["base64"]) == b"\x00\x01--b\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"--b\r\n" + field("a").encode() + b"\r\n\r\nnever closed",
        b"--b\r\nno headers--b--",
        form(("Content-Type: text/plain", b"no name")),
        form((field("a"), b"\xff not text")),
        form(*[(field("a"), b"")] * (MAX_PARTS + 1)),
        form((field("a") + "\r\nX: " + "x" * 20_000, b"")),
    ],
)
def test_broken_forms_are_refused(body: bytes) -> None:
    """Row 23: a form that cannot be read is a 400."""
    with pytest.raises(BadJson) as caught:
        read_multipart(body, "b")
    assert caught.value.code == "bad_form"


@given(st.binary(max_size=400), st.text(max_size=20))
def test_any_bytes_are_fields_or_refused(noise: bytes, boundary: str) -> None:
    """Row 23: no input escapes as another error."""
    marker = b"--" + boundary.encode("latin-1", "replace")
    for body in (noise, marker + b"\r\n" + noise + b"\r\n" + marker + b"--", form(("X:" + repr(noise), noise))):
        try:
            fields = read_multipart(body, boundary or "b")
        except BadJson:
            continue
        assert all(isinstance(name, str) for name, _ in fields)
