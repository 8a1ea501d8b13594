"""Real senders sign, we verify: their own libraries, and the examples they publish."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook
from stripe import WebhookSignature

from server.hooks.signing import Fault
from tests.server.hooks.policies import NOW_S, proved, signed_by

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


def standard_headers(secret: str, body: str, *, message: str = "msg_1", at: int = NOW_S) -> dict[str, str]:
    signature = Webhook(secret).sign(message, datetime.fromtimestamp(at, UTC), body)
    return {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": signature}


def stripe_header(secret: str, body: str, *, at: int = NOW_S) -> str:
    signature = WebhookSignature._compute_signature(f"{at}.{body}", secret)
    return f"t={at},v1={signature}"


def test_the_standard_webhooks_library_signs() -> None:
    body = json.dumps({"type": "user.created", "name": "Gülay"})
    headers = standard_headers(WHSEC, body)
    by = signed_by("standard-webhooks")
    assert proved(by, headers, body.encode(), "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", WHSEC).fault is None
    assert proved(by, headers, body.encode() + b" ", WHSEC).fault is Fault.WRONG
    several = headers | {"webhook-signature": f"v1a,AAAA v1,AAAA {headers['webhook-signature']} v2,x"}
    assert proved(by, several, body.encode(), WHSEC).fault is None
    old_names = {name.replace("webhook", "svix"): value for name, value in headers.items()}
    assert proved(by, old_names, body.encode(), WHSEC).fault is None


@pytest.mark.parametrize("secret", [WHSEC.removeprefix("whsec_"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", WHSEC])
def test_secrets_are_read_as_the_library_reads_them(secret: str) -> None:
    """Without the prefix, and without padding, too."""
    headers = standard_headers(secret, "{}")
    assert proved(signed_by("standard-webhooks"), headers, b"{}", secret).fault is None


def test_the_published_standard_webhooks_example() -> None:
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
    }
    expected = Webhook(WHSEC).sign(headers["webhook-id"], datetime.fromtimestamp(1614265330, UTC), body.decode())
    headers["webhook-signature"] = expected
    by = signed_by("standard-webhooks")
    assert proved(by, headers, body, WHSEC, now_ms=1_614_265_330_000).fault is None


def test_the_stripe_library_signs() -> None:
    body = json.dumps({"id": "evt_1", "object": "event", "type": "charge.succeeded"})
    header = stripe_header("whsec_test_secret", body)
    assert WebhookSignature.verify_header(body, header, "whsec_test_secret", None)
    by = signed_by("stripe")
    assert proved(by, {"Stripe-Signature": header}, body.encode(), "another-secret", "whsec_test_secret").fault is None
    rolled = f"{header},v1={'0' * 64},v0=6ffbb59b"  # while a secret is rolled there are several
    assert proved(by, {"Stripe-Signature": rolled}, body.encode(), "whsec_test_secret").fault is None
    assert proved(by, {"Stripe-Signature": header}, b"{}", "whsec_test_secret").fault is Fault.WRONG


def test_the_example_in_githubs_documentation() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    by, secret = signed_by("github"), "It's a Secret to Everybody"
    assert proved(by, {"X-Hub-Signature-256": signature}, b"Hello, World!", "old-secret", secret).fault is None
    assert proved(by, {"X-Hub-Signature-256": signature}, b"Hello, World?", secret).fault is Fault.WRONG
    # The older header is signed with SHA-1, and says nothing.
    assert proved(by, {"X-Hub-Signature": signature}, b"Hello, World!", secret).fault is Fault.MISSING


def test_the_example_in_slacks_documentation() -> None:
    headers = {
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "X-Slack-Request-Timestamp": "1531420618",
    }
    by, secret = signed_by("slack"), "8f742231b10e8888abcd99yyyzzz85a5"
    then = 1_531_420_618_000
    assert proved(by, headers, SLACK_BODY, secret, now_ms=then).fault is None
    assert proved(by, headers, SLACK_BODY, secret).fault is Fault.OLD
    assert proved(by, headers, SLACK_BODY[:-1], secret, now_ms=then).fault is Fault.WRONG
