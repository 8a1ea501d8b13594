"""Cron in words: right, or as it is written."""

from __future__ import annotations

import pytest

from flowdesk.tui.draw.cron_words import cron_words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 7 * * 1-5", "weekdays at 07:00"),
        ("0 7 * * mon-fri", "weekdays at 07:00"),
        ("30 6,18 * * *", "daily at 06:30, 18:30"),
        ("0 * * * *", "hourly"),
        ("5 * * * *", "hourly at :05"),
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("*/5 * * * 1-5", "every 5 minutes, weekdays"),
        ("0 */6 * * *", "every 6 hours"),
        ("0 0 1 * *", "on day 1 of each month at 00:00"),
        ("0 9 * * 6,0", "weekends at 09:00"),
        ("0 9 * * 5-7", "Fridays, Saturdays, Sundays at 09:00"),
        ("@weekly", "Sundays at 00:00"),
    ],
)
def test_common_forms(expression: str, words: str) -> None:
    assert cron_words(expression) == words


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "0 7 1 * 1",
        "*/7 * * * *",
        "0 */5 * * *",
        "0 7 * 1 *",
        "99 7 * * *",
        "0 7 * * fri-mon",
        "0 7 L * *",
        "0 0 0 7 * *",
        "0 7 * * 1#2",
        "0 7 * * -",
    ],
)
def test_everything_else_stays_as_it_is(expression: str) -> None:
    assert cron_words(expression) == expression
