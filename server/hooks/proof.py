"""Whether a request proves that it may call, by token, password or signature; the time it takes tells nothing."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from multidict import MultiMapping

from server.hooks.signing import Fault, Scheme, one

_NO_KEY: Final = b"\0" * 32


class Proof(NamedTuple):
    """What came of looking at a request; `signed` is the content a signature was for, where it is good."""

    fault: Fault | None = None
    signed: bytes | None = None


class Auth(Protocol):
    """One way to prove it."""

    @property
    def challenge(self) -> str:
        """What WWW-Authenticate says."""

    @property
    def field(self) -> str:
        """The header that carries the proof."""

    def prove(self, headers: MultiMapping[str], raw: bytes, secrets: Sequence[str], now_ms: int) -> Proof:
        """Hold the request against every secret that is good."""


def _same(given: str, secrets: Sequence[str]) -> bool:
    """Whether this is one of them. All are looked at, and digests are compared: no time tells length or place."""
    digest = sha256(given.encode("utf-8", "surrogateescape")).digest()
    fits = False
    for secret in secrets:
        fits |= hmac.compare_digest(digest, sha256(secret.encode("utf-8", "surrogatepass")).digest())
    return fits


@dataclass(slots=True, frozen=True)
class TokenAuth:
    """A token in a header; behind `Bearer` in Authorization."""

    field: str

    @property
    def challenge(self) -> str:
        """The scheme of Authorization, or the header's own name."""
        return 'Bearer realm="webhook"' if self._bearer else f'Token header="{self.field}"'

    @property
    def _bearer(self) -> bool:
        return self.field.lower() == "authorization"

    def prove(self, headers: MultiMapping[str], raw: bytes, secrets: Sequence[str], now_ms: int) -> Proof:
        """Compare the token."""
        given = one(headers, self.field)
        fault = Fault.MISSING if given is None else None
        text = given or ""
        if self._bearer:
            scheme, _, text = text.partition(" ")
            text = text.strip()
            if fault is None and (scheme.lower() != "bearer" or not text):
                fault = Fault.MALFORMED
        fits = _same(text, secrets)
        return Proof(fault or (None if fits else Fault.WRONG))


@dataclass(slots=True, frozen=True)
class BasicAuth:
    """User name and password."""

    username: str
    field: str = "Authorization"
    challenge: str = 'Basic realm="webhook", charset="UTF-8"'

    def prove(self, headers: MultiMapping[str], raw: bytes, secrets: Sequence[str], now_ms: int) -> Proof:
        """Compare both, whatever is wrong with either."""
        given = one(headers, self.field)
        scheme, _, text = (given or "").partition(" ")
        read = _basic(text.strip()) if scheme.lower() == "basic" else None
        fault = Fault.MISSING if given is None else Fault.MALFORMED if read is None else None
        name, _, password = (read or ":").partition(":")
        fits = _same(name, (self.username,)) & _same(password, secrets)
        return Proof(fault or (None if fits else Fault.WRONG))


def _basic(text: str) -> str | None:
    if not text.isascii():
        return None
    try:
        read = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return read if ":" in read else None


def _mac(key: bytes, signed: bytes, algorithm: str) -> bytes:
    # hmac.digest lets go of the interpreter for any length, and has to wait for it again whenever another thread works,
    # the writer's for instance: a fifth of a millisecond for each of a row of short calls. hmac.new does so from 2 kB.
    return hmac.new(key, signed, algorithm).digest()


@dataclass(slots=True, frozen=True)
class HmacAuth:
    """A signature of the body, and of the time where the scheme signs one."""

    scheme: Scheme
    tolerance_ms: int
    greets: bool = False
    """Whether the sender asks for an echo when the address is registered (Slack)."""

    @property
    def field(self) -> str:
        """The header with the signature."""
        return self.scheme.header

    @property
    def challenge(self) -> str:
        """There is no registered scheme for it."""
        return f'Signature header="{self.scheme.header}"'

    def prove(self, headers: MultiMapping[str], raw: bytes, secrets: Sequence[str], now_ms: int) -> Proof:
        """Sign it ourselves with every secret, and compare with every signature."""
        claim = self.scheme.read(headers, raw)
        fits = False
        for secret in secrets:
            key = self.scheme.key(secret)
            wanted = _mac(key or _NO_KEY, claim.signed, self.scheme.hash)
            for signature in claim.signatures or (b"",):
                fits |= hmac.compare_digest(wanted, signature) and key is not None
        fault = claim.fault or (None if fits else Fault.WRONG)
        if fault is None and claim.at is not None:
            fault = self._untimely(claim.at, now_ms)
        return Proof(fault) if fault else Proof(None, claim.signed)

    def _untimely(self, at: int, now_ms: int) -> Fault | None:
        ahead_ms = at * 1000 - now_ms
        if ahead_ms > self.tolerance_ms:
            return Fault.EARLY
        return Fault.OLD if -ahead_ms > self.tolerance_ms else None
