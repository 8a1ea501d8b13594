from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flowdesk_greet.hello import Hello, hello
from flowdesk_greet.outbox import SendMailHandler


@dataclass
class FakeContext:
    """As much of a Context as these steps use."""

    idempotency_key: str = "run1-mail"
    lines: list[str] = field(default_factory=list)

    def log(self, message: str, level: str = "info", **fields: Any) -> None:
        self.lines.append(message)


def test_hello_speaks_the_language() -> None:
    ctx: Any = FakeContext()
    result = asyncio.run(hello(ctx, Hello(name="Ali", language="tr")))
    assert result.ok
    assert result.data == {"greeting": "Merhaba Ali"}
    assert ctx.lines == ["said: Merhaba Ali"]


def test_hello_refuses_an_unknown_language() -> None:
    with pytest.raises(ValidationError):
        Hello.model_validate({"name": "Ali", "language": "xx"})


def test_a_mail_is_written_once_however_often_the_step_runs(tmp_path: Path) -> None:
    handler = SendMailHandler(tmp_path)
    for _ in range(2):
        result = handler.run(FakeContext(), {"to": "ali@example.com", "subject": "Hi", "text": "Hello Ali"})
        assert result["ok"]
    (file,) = tmp_path.iterdir()
    assert "Subject: Hi" in file.read_text()


def test_a_wrong_address_is_not_tried_again(tmp_path: Path) -> None:
    result = SendMailHandler(tmp_path).run(FakeContext(), {"to": "nobody"})
    assert (result["ok"], result["code"], result["retryable"]) == (False, "bad_address", False)
    assert list(tmp_path.iterdir()) == []
