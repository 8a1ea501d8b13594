"""The triggers that start runs by the clock. Their params are the engine's own, for its scheduler reads them too."""

from __future__ import annotations

from typing import Final

from engine.sdk import AtParams, CronParams, Example, IntervalParams, Steps

steps = Steps("schedule")

_COMMON: Final = (
    "One run per time, however many servers there are. `misfire` says what happens to times that passed while no\n"
    "server was there, `overlap` what happens while the run before is still under way. See [schedules](schedules.md)."
)

steps.trigger(
    "cron",
    CronParams,
    title="Schedule",
    description=(
        "Starts a run at the times of a cron expression.\n"
        "When clocks change, a time in the spring gap comes up right after it, and a fixed time in a repeated hour\n"
        f"comes up once. {_COMMON}"
    ),
    examples=(
        Example("Weekdays at nine in Berlin", {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"}, runnable=False),
        Example(
            "Every night, later by up to ten minutes, and one night after another",
            {"cron": "@daily", "timezone": "UTC", "jitterMs": 600_000, "misfire": "all", "overlap": "queue"},
            runnable=False,
        ),
    ),
)

steps.trigger(
    "interval",
    IntervalParams,
    title="Interval",
    description=f"Starts a run again and again after the same time.\n{_COMMON}",
    examples=(Example("Every quarter of an hour", {"every": "15m"}, runnable=False),),
)

steps.trigger(
    "at",
    AtParams,
    title="At a time",
    description=f"Starts a run once, or at each of several times.\n{_COMMON}",
    examples=(
        Example(
            "On Christmas Eve at six in the evening",
            {"at": "2026-12-24T18:00", "timezone": "Europe/Berlin"},
            runnable=False,
        ),
    ),
)
