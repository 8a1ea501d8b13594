"""The parts of the suite where a replica set could differ from a standalone server, against one."""

from __future__ import annotations

import pytest

from tests.contract.backends import REPLICA_SET, Backend
from tests.contract.test_commits import (  # noqa: F401 - collected here once more, with the backend below
    test_a_commit_of_the_wrong_owner_is_fenced_off,
    test_a_fenced_commit_changes_nothing_at_all,
    test_a_first_commit_makes_the_run,
    test_a_later_commit_replaces_the_row_and_appends,
    test_a_taken_key_is_fenced_off,
    test_jobs_and_large_values_come_with_the_commit,
    test_many_runs_commit_at_once,
    test_of_many_commits_at_one_seq_one_wins,
    test_of_many_runs_with_one_key_one_is_made,
    test_what_was_committed_is_there_after_opening_again,
)
from tests.contract.test_journal import (  # noqa: F401
    test_a_pruned_place_is_gone,
    test_a_reader_that_follows_while_runs_commit_misses_nothing,
    test_the_feed_tells_every_commit_once_and_in_order,
)
from tests.contract.test_schedules import test_one_of_many_moves_a_schedule_on  # noqa: F401
from tests.contract.test_store import (  # noqa: F401
    test_an_open_store_is_well,
    test_commits_under_way_when_the_store_closes_are_answered,
    test_documents_are_there_after_opening_again,
)
from tests.contract.test_sweeping import (  # noqa: F401
    test_a_cancel_request_is_kept_until_the_end,
    test_deaths_are_counted_from_the_last_progress,
    test_one_of_many_claims_wins,
    test_the_most_overdue_come_first,
)
from tests.contract.test_workflows import test_of_many_saves_at_once_one_wins  # noqa: F401


@pytest.fixture
def backend() -> Backend:
    """A replica set of one member."""
    return REPLICA_SET
