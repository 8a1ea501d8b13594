"""When a failed step is tried again: a value worked out from policy, failure count and the step's own name."""

from __future__ import annotations

import hashlib

from engine.models.workflow import Retry


def delay_before(policy: Retry | None, failures: int, seed: str) -> int:
    """Milliseconds to wait after the n-th failure.

    Jitter takes up to its share off the delay; derived from the seed, so that a replay plans
    the same.
    """
    if policy is None:
        return 0
    delay = min(policy.backoff_ms * policy.factor ** (failures - 1), float(policy.max_backoff_ms))
    if policy.jitter:
        digest = hashlib.blake2b(f"{seed}/{failures}".encode(), digest_size=4).digest()
        delay *= 1 - policy.jitter * int.from_bytes(digest, "big") / 2**32
    return round(delay)


def is_excluded(policy: Retry | None, code: str) -> bool:
    """Whether the policy says that this error is not worth another attempt; `http_4xx` stands for 400 to 499."""
    if policy is None or not policy.unless:
        return False
    if code in policy.unless:
        return True
    status = code.removeprefix("http_")
    return status != code and len(status) == 3 and status.isdigit() and f"http_{status[0]}xx" in policy.unless
