"""Webhooks from the command line: addresses and trying one out, as people type it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance.command import Home, eventually

SECRET = "hook-s3cret-01"
FLOW: dict[str, Any] = {
    "name": "Pushed",
    "steps": [
        {
            "id": "hook",
            "type": "TRIGGER",
            "ref": "http.webhook",
            "params": {
                "auth": {"kind": "hmac", "preset": "github", "secrets": ["{{secrets.PUSH}}"]},
                "address": "own",
            },
            "next": "say",
        },
        {"id": "say", "ref": "core.log", "params": {"message": "pushed"}},
    ],
}


def post(url: str, raw: bytes, secret: str) -> int:
    """The status of a signed call."""
    signature = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("POST", parts.path, raw, headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture(scope="module")
def saved(served: Home) -> Home:
    """The home with the secret and the workflow saved."""
    assert served.flowdesk("secrets", "set", "PUSH", "--value-stdin", stdin=SECRET).code == 0
    applied = served.flowdesk("apply", served.write("push.json", FLOW))
    assert applied.code == 0, applied.err
    return served


def test_addresses_are_listed_shown_and_replaced(saved: Home) -> None:
    listed = saved.flowdesk("hooks", "list")
    assert re.search(r"Pushed .*POST .*hmac, github .*own", listed.out)
    assert "fdh_" not in listed.out
    (before,) = saved.flowdesk("hooks", "show", "Pushed", "--json").json["addresses"]
    shown = saved.flowdesk("hooks", "show", "Pushed")
    assert before["url"] in shown.out
    assert "with PUSH" in shown.out
    assert post(before["url"], b"{}", SECRET) == 202
    rotated = saved.flowdesk("hooks", "rotate", "Pushed", "--grace", "60")
    assert (rotated.code, before["url"] in rotated.out, " until " in rotated.out) == (0, True, True)
    (after,) = saved.flowdesk("hooks", "rotate", "Pushed", "--json").json["addresses"]
    assert post(before["url"], b"{}", SECRET) == 404
    assert post(after["url"], b"{}", SECRET) == 202
    assert saved.flowdesk("hooks", "show", "Nobody").code == 5


@pytest.mark.parametrize(("secret", "status", "code"), [(SECRET, 200, 0), ("another-s3cret", 401, 1)])
def test_a_call_is_tried_out_and_told(saved: Home, secret: str, status: int, code: int) -> None:
    (address,) = saved.flowdesk("hooks", "show", "Pushed", "--json").json["addresses"]
    waiting = saved.spawn("hooks", "test", "Pushed", "--for", "60")
    raw = json.dumps({"ref": "main"}).encode()
    found = eventually(lambda: answered if (answered := post(address["testUrl"], raw, secret)) != 404 else None)
    out, err = (text.decode() for text in waiting.communicate(timeout=60))
    assert (found, waiting.returncode) == (status, code)
    assert address["testUrl"] in err
    if code:
        assert "refused  the credentials fit none of the secrets (X-Hub-Signature-256)" in out
    else:
        assert "accepted  it would start a run" in out
    assert "kept as the sample captured-" in out
