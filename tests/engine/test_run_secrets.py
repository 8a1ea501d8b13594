"""The secrets of one run, hidden in what its steps come to."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import pytest

from engine.masking import MASK, Masker
from engine.runner.secrets import LARGE, RunSecrets
from engine.sdk import StepResult
from engine.vault import NoVault

SECRET = "s3cr3t-v4lu3-of-a-test"


class _Noticing(Masker):
    def __init__(self, values: Iterable[str]) -> None:
        self.threads: set[int] = set()
        super().__init__(values)

    def text(self, text: str) -> str:
        self.threads.add(threading.get_ident())
        return super().text(text)


@pytest.mark.parametrize(
    ("data", "here"),
    [
        ({"a": f"x {SECRET} y"}, True),
        ({"a": f"x {SECRET} y", "b": "z" * LARGE}, False),
        ({"rows": [{"id": n, "text": f"x {SECRET} y"} for n in range(LARGE // 64)]}, False),
        (None, True),
    ],
)
async def test_a_large_output_is_looked_through_beside_the_loop(data: Any, here: bool) -> None:
    """Row 49; masking 5,000 rows takes tens of milliseconds, in which nobody else would get on."""
    secrets = RunSecrets(NoVault(), "me", ())
    secrets.masker = masker = _Noticing([SECRET])
    hidden = await secrets.hidden(StepResult(True, data, "no"))
    assert SECRET not in repr(hidden)
    assert (MASK in repr(hidden)) == (data is not None)
    assert (threading.get_ident() in masker.threads) == here


async def test_without_secrets_nothing_is_looked_through() -> None:
    result = StepResult(True, {"a": "z" * LARGE * 2})
    assert (await RunSecrets(NoVault(), "me", ()).hidden(result)).data is result.data
