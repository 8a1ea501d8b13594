"""Ids sort by time, cannot be guessed, and can be derived."""

from __future__ import annotations

import os
import re

from hypothesis import given
from hypothesis import strategies as st

from engine.ids import derived_id, new_id, new_workflow_id, time_of

TIMES = st.integers(min_value=0, max_value=(1 << 48) - 1)


@given(TIMES, TIMES)
def test_ids_sort_by_their_time(first: int, second: int) -> None:
    if first < second:
        assert new_id(first) < new_id(second)


@given(TIMES)
def test_the_time_can_be_read_back(at: int) -> None:
    assert time_of(new_id(at)) == at


def test_ids_are_unique_and_of_one_alphabet() -> None:
    ids = {new_id(5) for _ in range(2000)}
    assert len(ids) == 2000
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{26}", one) for one in ids)


def test_a_workflow_id_carries_at_least_128_random_bits() -> None:
    """Row 47: the webhook's address cannot be guessed: 26 characters of 5 bits follow the time."""
    found = new_workflow_id()
    assert len(found) == 36
    assert (len(found) - 10) * 5 >= 128


def test_a_derived_id_depends_on_every_part() -> None:
    """R8: two servers derive the same run id for the same tick."""
    assert derived_id(1000, "w", "s") == derived_id(1000, "w", "s")
    others = {
        derived_id(1000, "w", "s"),
        derived_id(1001, "w", "s"),
        derived_id(1000, "v", "s"),
        derived_id(1000, "ws"),
    }
    assert len(others) == 4
    assert time_of(derived_id(1000, "w")) == 1000


def test_a_forked_process_gives_out_ids_of_its_own() -> None:
    new_id()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, new_id(7).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() != new_id(7)
