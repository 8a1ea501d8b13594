"""When a failed step is tried again."""

from __future__ import annotations

import pytest

from engine.models.workflow import Retry
from engine.retries import delay_before, is_excluded


def test_the_delay_grows_by_the_factor_up_to_the_cap() -> None:
    policy = Retry(max_attempts=9, backoff_ms=100, factor=3, max_backoff_ms=2000)
    assert [delay_before(policy, failures, "r/s") for failures in range(1, 6)] == [100, 300, 900, 2000, 2000]


def test_the_seeds_two_fields_are_enough() -> None:
    policy = Retry.model_validate({"maxAttempts": 3, "backoffMs": 500})
    assert [delay_before(policy, failures, "r/s") for failures in (1, 2)] == [500, 1000]


def test_jitter_only_shortens_and_replays_the_same() -> None:
    policy = Retry(max_attempts=9, backoff_ms=1000, factor=1, jitter=0.5)
    delays = [delay_before(policy, 1, f"run{number}/step") for number in range(200)]
    assert all(500 <= delay <= 1000 for delay in delays)
    assert len(set(delays)) > 50
    assert delays == [delay_before(policy, 1, f"run{number}/step") for number in range(200)]


def test_a_huge_factor_does_not_overflow() -> None:
    policy = Retry(max_attempts=100, backoff_ms=86_400_000, factor=10, max_backoff_ms=604_800_000)
    assert delay_before(policy, 99, "r/s") == 604_800_000


@pytest.mark.parametrize(
    ("unless", "code", "excluded"),
    [
        (["http_404"], "http_404", True),
        (["http_404"], "http_403", False),
        (["http_4xx"], "http_403", True),
        (["http_4xx"], "http_503", False),
        (["timeout"], "timeout", True),
        (["http_4xx"], "http_4000", False),
        (["http_tls"], "http_tls", True),
        ([], "timeout", False),
    ],
)
def test_unless_names_codes_and_families_of_statuses(unless: list[str], code: str, excluded: bool) -> None:
    assert is_excluded(Retry(unless=unless), code) is excluded
