"""Every state has a sign of one cell that needs no colour to be told from the others."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from engine.models.run import JobStatus, RunStatus
from engine.state import StepStatus
from flowdesk.tui.draw.status import EVERY, Kind, glyph, look, step_status, style_class, word


@pytest.mark.parametrize(("kind", "status"), EVERY)
def test_a_sign_is_one_cell_and_has_an_ascii_twin(kind: Kind, status: str) -> None:
    assert cell_len(glyph(status, kind=kind)) == 1
    plain = glyph(status, ascii=True, kind=kind)
    assert len(plain) == 1
    assert plain.isascii()


@pytest.mark.parametrize(
    ("kind", "statuses"), [("run", list(RunStatus)), ("step", list(StepStatus)), ("job", list(JobStatus))]
)
@pytest.mark.parametrize("plain", [False, True])
def test_the_states_of_a_kind_differ_without_colour(kind: Kind, statuses: list[str], plain: bool) -> None:
    assert all(look(status, kind).css != "-unknown" for status in statuses)
    assert len({glyph(status, ascii=plain, kind=kind) for status in statuses}) == len(statuses)


def test_what_a_newer_server_says_is_shown_by_its_own_name_and_clean() -> None:
    assert word("\x1b[31mPAUSED") == "␛[31mpaused"
    assert cell_len(glyph("\x1b[31mPAUSED")) == 1
    assert style_class("PAUSED") == "-unknown"


def test_a_pause_before_the_next_attempt_is_not_just_waiting() -> None:
    assert step_status("WAITING", "2026-11-23T12:00:00Z") == "RETRYING"
    assert step_status("WAITING", None) == "WAITING"
    assert step_status("FAILED", "2026-11-23T12:00:00Z") == "FAILED"
