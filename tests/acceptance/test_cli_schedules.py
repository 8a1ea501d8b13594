"""What starts by the clock, from the command line: looked at, paused, filled up, and explained before it is saved."""

from __future__ import annotations

from tests.acceptance.command import Home

STEPS = [
    {"id": "daily", "type": "TRIGGER", "ref": "schedule.cron", "params": {"cron": "30 2 * * *"}, "next": "say"},
    {"id": "often", "type": "TRIGGER", "ref": "schedule.interval", "params": {"every": "12h"}, "next": "say"},
    {"id": "say", "ref": "core.log", "params": {"message": "hi"}},
]
ZONE = "Europe/Berlin"


def test_schedules_are_run_by_commands(served: Home) -> None:
    document = {"name": "By the clock", "timezone": ZONE, "steps": STEPS}
    assert served.flowdesk("apply", served.write("clock.json", document)).code == 0
    listed = served.flowdesk("schedules").out
    assert "By the clock" in listed
    assert ZONE in listed
    assert {row["stepId"] for row in served.flowdesk("schedules", "--json").json} >= {"daily", "often"}
    shown = served.flowdesk("show", "By the clock").out
    assert f"30 2 * * * {ZONE}; every 12h" in shown

    which = served.flowdesk("schedules", "pause", "By the clock")
    assert which.code != 0
    assert "name one of" in which.err
    paused = served.flowdesk("schedules", "pause", "By the clock", "daily", "--reason", "maintenance")
    assert (paused.code, "paused By the clock" in paused.out) == (0, True)
    states = {row["stepId"]: row for row in served.flowdesk("schedules", "--json").json}
    assert (states["daily"]["state"], states["often"]["state"]) == ("paused", "active")
    resumed = served.flowdesk("schedules", "resume", "By the clock", "daily", "--json")
    assert (resumed.json["state"], resumed.json["timezone"]) == ("active", ZONE)

    window = ("--from", "2026-03-28T00:00:00+0100", "--to", "2026-03-30T00:00:00+0100")
    ahead = served.flowdesk("schedules", "preview", "By the clock", "daily", *window)
    assert "right after the gap" in ahead.out
    owed = served.flowdesk("schedules", "backfill", "By the clock", "daily", *window, "--json")
    assert owed.json["waiting"] == 2
    late = served.flowdesk(
        "schedules", "backfill", "By the clock", "daily", "--from", "2026-01-01", "--to", "2999-01-01"
    )
    assert late.code != 0
    assert "Traceback" not in late.err


def test_an_expression_is_explained(served: Home) -> None:
    asked = ("cron", "explain", "30 2 * * *", "--zone", ZONE, "--from", "2026-10-24T12:00:00+0200", "-n", "3")
    said = served.flowdesk(*asked)
    assert said.code == 0
    assert ZONE in said.out
    assert "the clocks show it twice" in said.out
    assert len(served.flowdesk(*asked, "--json").json["times"]) == 3
    wrong = served.flowdesk("cron", "explain", "61 * * * *", "--zone", ZONE)
    assert (wrong.code != 0, "Traceback" in wrong.err) == (True, False)
    assert "61" in wrong.err
    nowhere = served.flowdesk("cron", "explain", "@daily", "--zone", "Mars/Olympus")
    assert nowhere.code != 0
    assert "Mars/Olympus" in nowhere.err
