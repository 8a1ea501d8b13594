"""What a request says of its own signature, in the ways of several senders; pure.

Nothing in here raises, whatever the headers hold: what cannot be read is a `Fault`, and something is signed all the
same, so that a bad request takes as long to refuse as one with a wrong signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final, NamedTuple

from multidict import MultiMapping

MOST_SIGNATURES: Final = 10
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_WHSEC: Final = "whsec_"


class Fault(StrEnum):
    """Why a request is not believed. Callers are never told which: it is for logs and for whoever tests a webhook."""

    MISSING = "the credentials are missing"
    MALFORMED = "the credentials cannot be read"
    WRONG = "the credentials fit none of the secrets"
    OLD = "the signed time is too long ago"
    EARLY = "the signed time is too far ahead"


class Claim(NamedTuple):  # one for each call: a frozen dataclass takes twice as long to make
    """What was signed, by the request's own account: `signed` with one of `signatures`, `at` this second."""

    signed: bytes
    signatures: tuple[bytes, ...] = ()
    at: int | None = None
    fault: Fault | None = None


@dataclass(slots=True, frozen=True)
class Scheme:
    """A way of signing.

    `header` is named to callers; `deliveries` are headers that stay the same when a call is repeated, `in_body` is a
    field of the signed body that does.
    """

    header: str
    hash: str
    read: Callable[[MultiMapping[str], bytes], Claim]
    key: Callable[[str], bytes | None]
    deliveries: tuple[str, ...] = ()
    in_body: str | None = None


def one(headers: MultiMapping[str], name: str) -> str | None:
    """The header's value; None when it is not there, or there more than once."""
    values = headers.getall(name, ())
    return values[0] if len(values) == 1 else None


def from_hex(text: str) -> bytes | None:
    """The bytes, or None; never raises."""
    if len(text) > 256:
        return None
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return None
    return found if len(found) * 2 == len(text) else None  # spaces between bytes would be taken, too


def from_base64(text: str) -> bytes | None:
    """The bytes, or None; never raises."""
    if not text.isascii() or len(text) > 256:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _text_key(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogatepass")


def _whsec_key(secret: str) -> bytes | None:
    text = secret.removeprefix(_WHSEC).rstrip("=")
    return from_base64(text + "=" * (-len(text) % 4)) or None


def _claim(given: str | None, raw: bytes, head: bytes, at: str | None, found: list[bytes | None]) -> Claim:
    """A claim about `head` and the body, signed at this time."""
    if given is None or at is None:
        return Claim(raw, fault=Fault.MISSING)
    good = tuple(signature for signature in found[:MOST_SIGNATURES] if signature)
    if not good or not _SECONDS.fullmatch(at):
        return Claim(head + raw, fault=Fault.MALFORMED)
    return Claim(head + raw, good, int(at))


def _standard(headers: MultiMapping[str], raw: bytes) -> Claim:
    for family in ("webhook", "svix"):
        message, at, given = (one(headers, f"{family}-{part}") for part in ("id", "timestamp", "signature"))
        if message is not None:
            break
    if message is None or at is None or given is None:
        return Claim(raw, fault=Fault.MISSING)
    if "." in message or not message.isascii():  # with a dot, one signature would fit several messages
        return Claim(raw, fault=Fault.MALFORMED)
    found = [from_base64(part[3:]) for part in given.split(" ") if part.startswith("v1,")]
    return _claim(given, raw, f"{message}.{at}.".encode("utf-8", "surrogateescape"), at, found)


def _stripe(headers: MultiMapping[str], raw: bytes) -> Claim:
    given = one(headers, "Stripe-Signature")
    pairs = [part.strip().partition("=") for part in (given or "").split(",")]
    at = next((value for name, _, value in pairs if name == "t"), None if given is None else "")
    found = [from_hex(value) for name, _, value in pairs if name == "v1"]
    return _claim(given, raw, f"{at}.".encode("utf-8", "surrogateescape"), at, found)


def _slack(headers: MultiMapping[str], raw: bytes) -> Claim:
    given, at = one(headers, "X-Slack-Signature"), one(headers, "X-Slack-Request-Timestamp")
    found = [from_hex(given[3:])] if given is not None and given.startswith("v0=") else []
    return _claim(given, raw, f"v0:{at}:".encode("utf-8", "surrogateescape"), at, found)


def _plain(
    headers: MultiMapping[str], raw: bytes, *, header: str, prefix: str, decode: Callable[[str], bytes | None]
) -> Claim:
    """A signature of nothing but the body."""
    given = one(headers, header)
    if given is None:
        return Claim(raw, fault=Fault.MISSING)
    found = decode(given[len(prefix) :]) if given.startswith(prefix) else None
    return Claim(raw, (found,)) if found else Claim(raw, fault=Fault.MALFORMED)


PRESETS: Final[Mapping[str, Scheme]] = {
    "standard-webhooks": Scheme(
        "webhook-signature", "sha256", _standard, _whsec_key, deliveries=("webhook-id", "svix-id")
    ),
    "github": Scheme(
        "X-Hub-Signature-256",
        "sha256",
        partial(_plain, header="X-Hub-Signature-256", prefix="sha256=", decode=from_hex),
        _text_key,
        deliveries=("X-GitHub-Delivery",),
    ),
    "stripe": Scheme("Stripe-Signature", "sha256", _stripe, _text_key, in_body="id"),
    "slack": Scheme("X-Slack-Signature", "sha256", _slack, _text_key, in_body="event_id"),
}


def generic(
    header: str, algorithm: str, encoding: str, prefix: str, timestamp: str | None, delivery: str | None
) -> Scheme:
    """A way of signing that somebody has described."""
    decode = from_hex if encoding == "hex" else from_base64

    def read(headers: MultiMapping[str], raw: bytes) -> Claim:
        if timestamp is None:
            return _plain(headers, raw, header=header, prefix=prefix, decode=decode)
        given, at = one(headers, header), one(headers, timestamp)
        found = [decode(given[len(prefix) :])] if given is not None and given.startswith(prefix) else []
        return _claim(given, raw, f"{at}.".encode("utf-8", "surrogateescape"), at, found)

    return Scheme(header, algorithm, read, _text_key, deliveries=(delivery,) if delivery is not None else ())


def seal_of(signed: bytes) -> str:
    """What tells signed requests apart when they carry no id: the signed bytes themselves, however they were sent."""
    return hashlib.sha256(signed).hexdigest()


def challenge_of(data: Mapping[str, Any]) -> str | None:
    """What Slack wants to hear back when an address is registered; None for any other request."""
    challenge = data.get("challenge")
    if data.get("type") != "url_verification" or not isinstance(challenge, str):
        return None
    return challenge if len(challenge) <= 1000 and challenge.isprintable() else None
