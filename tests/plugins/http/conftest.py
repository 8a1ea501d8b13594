"""A client that may reach this machine, and a way to call `http.request` with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from engine.sdk import Host, StepResult
from plugins.http.client import Client, open_client
from plugins.http.params import RequestParams
from plugins.http.request import request
from tests.plugins.support import Recorder

Call = Callable[..., Coroutine[Any, Any, StepResult]]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with open_client(Host(egress_allow=("127.0.0.1", "::1"), max_response_bytes=1_000_000)) as opened:
        yield opened


@pytest.fixture
def ctx(client: Client) -> Recorder:
    return Recorder(state=client)


@pytest.fixture
def call(ctx: Recorder) -> Call:
    """Call http.request with these params, as the engine does it."""

    async def send(**params: Any) -> StepResult:
        return await request(ctx, RequestParams.model_validate(params))

    return send
