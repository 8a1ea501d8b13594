"""The judge notices what it is there to notice."""

from __future__ import annotations

import random

import pytest

from engine.models.event import Event, EventType
from tests.chaos.partner import Call, Partner
from tests.chaos.verdict import Verdict

STARTED, SUCCEEDED, ENDED = EventType.STEP_STARTED, EventType.STEP_SUCCEEDED, EventType.RUN_SUCCEEDED


def journal(*kinds: EventType, first: int = 1) -> list[Event]:
    """Events of the step `reserve`, numbered on."""
    return [Event(first + n, 0, kind, "reserve", 1, {}) for n, kind in enumerate(kinds)]


def verdict(events: list[Event], *calls: Call) -> Verdict:
    """One run and what the partner saw of it."""
    partner = Partner(random.Random(0))
    partner.calls += calls
    return Verdict({}, {"run": events}, partner)


def test_a_journal_in_order_is_fine() -> None:
    verdict(journal(STARTED, STARTED, SUCCEEDED, ENDED)).check_journals()


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        (journal(STARTED, SUCCEEDED, ENDED, first=2), "gap"),
        (journal(STARTED, SUCCEEDED, STARTED, ENDED), "ran again"),
        (journal(STARTED, SUCCEEDED, SUCCEEDED, ENDED), "ran again"),
        (journal(STARTED, SUCCEEDED), "ends with"),
    ],
)
def test_a_journal_that_is_wrong_is_noticed(events: list[Event], fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        verdict(events).check_journals()


def test_extra_executions_and_changed_keys_are_noticed() -> None:
    events = journal(STARTED, SUCCEEDED, ENDED)
    calls = [Call(0, "reserve", "order-0", key, 200) for key in ("run-reserve", "other-reserve")]
    with pytest.raises(AssertionError, match="R4: 1 extra"):
        verdict(events, *calls).check_duplicates(0)
    with pytest.raises(AssertionError, match="R5"):
        verdict(events, *calls).check_calls()


def test_lost_runs_are_noticed() -> None:
    with pytest.raises(AssertionError, match="R1"):
        verdict(journal(ENDED)).check_runs({"order-0": "gone"})
