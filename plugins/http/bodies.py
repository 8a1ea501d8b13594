"""The bodies a request can have, and their bytes."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote_plus

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from engine.sdk import Params
from plugins.http.headers import HeaderText, scalar_text
from plugins.values import Text


def _field_value(value: Any) -> Any:
    return [scalar_text(item) or "" for item in value] if isinstance(value, list) else scalar_text(value)


Fields = dict[str, Annotated[str | list[str] | None, BeforeValidator(_field_value)]]
"""Named texts of a form or query; a list repeats a name, null leaves it out."""


def _checked_base64(text: str) -> str:
    if "{{" not in text:
        decode(text)
    return text


def decode(text: str) -> bytes:
    """The bytes of a base64 text; line breaks are allowed, anything else strange is an error."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise PydanticCustomError("base64", "this is not base64") from None


Base64 = Annotated[str, AfterValidator(_checked_base64)]


class JsonBody(Params):
    """A JSON value."""

    kind: Literal["json"]
    """This kind of body."""
    value: Any = Field(examples=[{"email": "{{data.email}}"}])
    """Any value; templates in it keep their types."""


class FormBody(Params):
    """The fields of an HTML form, URL-encoded."""

    kind: Literal["form"]
    """This kind of body."""
    fields: Fields = Field(examples=[{"name": "{{data.name}}", "tag": ["a", "b"]}])
    """Names and values; a list repeats a field, null leaves it out."""


class TextBody(Params):
    """Text as it is."""

    kind: Literal["text"]
    """This kind of body."""
    text: Text = Field(json_schema_extra={"format": "multiline"}, examples=["hello {{data.name}}"])
    """The text, sent as UTF-8."""
    content_type: HeaderText = Field(default="text/plain; charset=utf-8", examples=["application/xml"])
    """What the text is."""


class RawBody(Params):
    """Bytes."""

    kind: Literal["raw"]
    """This kind of body."""
    base64: Base64 = Field(examples=["aGVsbG8="])
    """The bytes in base64."""
    content_type: HeaderText = Field(default="application/octet-stream", examples=["image/png"])
    """What the bytes are."""


class FilePart(Params):
    """A file of a multipart body, given as text or as base64."""

    field: str = Field(min_length=1, examples=["invoice"])
    """The name of the form field."""
    filename: str = Field(min_length=1, examples=["invoice-{{data.id}}.pdf"])
    """The name the file is sent under."""
    content_type: HeaderText = Field(default="application/octet-stream", examples=["application/pdf"])
    """What the file is."""
    text: Text | None = None
    """The file's content as text."""
    base64: Base64 | None = Field(default=None, examples=["aGVsbG8="])
    """The file's content in base64."""

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if (self.text is None) == (self.base64 is None):
            raise PydanticCustomError("file_content", "a file has either text or base64")
        return self


class MultipartBody(Params):
    """Form fields and files."""

    kind: Literal["multipart"]
    """This kind of body."""
    fields: Fields = Field(default_factory=dict, examples=[{"name": "{{data.name}}"}])
    """Names and values; a list repeats a field, null leaves it out."""
    files: list[FilePart] = Field(default_factory=list, max_length=100)
    """The files."""


Body = Annotated[JsonBody | FormBody | TextBody | RawBody | MultipartBody, Field(discriminator="kind")]


def encode(body: Body) -> tuple[bytes, str]:
    """The bytes of a body and its content type; raises ValueError for base64 that is none."""
    if isinstance(body, JsonBody):
        return orjson.dumps(body.value), "application/json"
    if isinstance(body, TextBody):
        return body.text.encode(), body.content_type
    if isinstance(body, RawBody):
        return decode(body.base64), body.content_type
    if isinstance(body, FormBody):
        text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs(body.fields))
        return text.encode(), "application/x-www-form-urlencoded"
    return _multipart(body)


def pairs(fields: Fields) -> list[tuple[str, str]]:
    """One pair for each value."""
    listed = [(name, [value] if isinstance(value, str) else value or []) for name, value in fields.items()]
    return [(name, value) for name, values in listed for value in values]


def _multipart(body: MultipartBody) -> tuple[bytes, str]:
    boundary = f"flowdesk-{secrets.token_hex(16)}"
    parts: list[bytes] = []
    for name, value in pairs(body.fields):
        parts += [f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'.encode()]
    for file in body.files:
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(file.field)}"; '
            f'filename="{_quoted(file.filename)}"\r\nContent-Type: {file.content_type}\r\n\r\n'
        )
        content = decode(file.base64) if file.base64 is not None else (file.text or "").encode()
        parts += [head.encode(), content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def _quoted(name: str) -> str:
    """A name inside quotes, escaped as browsers do it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
