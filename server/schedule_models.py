"""Schedules over the API: what requests may say, and the shapes of the answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from engine.models.base import Document
from engine.models.workflow import CalendarEntry
from engine.schedules.params import AtParams, Cron, CronParams, IntervalParams, Moment, Timing
from engine.schedules.rows import Missed
from server.api_models import Id, When

MAX_TIMES = 1000


class SchedulesQuery(Document):
    """Which schedules to list."""

    workflow_id: Id | None = None
    """Only schedules of this workflow."""


class WindowQuery(Document):
    """Which times to show."""

    from_time: When | None = Field(default=None, alias="from")
    """Times after this one; now when not given."""
    to_time: When | None = Field(default=None, alias="to")
    """Times up to this one."""
    limit: int = Field(default=10, ge=1, le=MAX_TIMES)
    """How many times at most."""


class PauseBody(Document):
    """Why a schedule is paused."""

    reason: str | None = Field(default=None, max_length=500)
    """What people should know who find it paused."""


class BackfillBody(Document):
    """Which times to run."""

    from_time: When = Field(alias="from")
    """The first moment of the window."""
    to_time: When = Field(alias="to")
    """The last moment of the window; not in the future."""


class SchedulePreviewBody(WindowQuery, Timing):
    """A schedule that need not be saved, and a window; the params are those of the `schedule.*` triggers."""

    cron: Cron | None = Field(default=None, max_length=200)
    """A cron expression; one of `cron`, `every` and `at` is given."""
    every: str | StrictInt | None = None
    """An interval such as `15m`."""
    at: Moment | Annotated[list[Moment], Field(min_length=1, max_length=100)] | None = None
    """A date and time, or several."""
    excluded: list[CalendarEntry] = Field(default_factory=list, max_length=1000)
    """Entries of calendars: days on which nothing starts."""

    @model_validator(mode="after")
    def _one_kind(self) -> SchedulePreviewBody:
        if sum(value is not None for value in (self.cron, self.every, self.at)) != 1:
            raise PydanticCustomError("schedule_kind", "give exactly one of cron, every and at")
        return self

    def params(self) -> Timing:
        """As the trigger of that kind has them; ValidationError for a bad interval."""
        names = Timing.model_fields
        common = {name: getattr(self, name) for name in names if name in self.model_fields_set and name != "exclude"}
        if self.cron is not None:
            return CronParams(cron=self.cron, **common)
        if self.every is not None:
            return IntervalParams(every=self.every, **common)
        return AtParams(at=self.at or [], **common)


class ScheduleDocument(Document):
    """A schedule of a workflow, and what became of it."""

    workflow_id: str
    """The workflow."""
    workflow_name: str
    """What it is called."""
    schedule_id: str
    """Which of the workflow's schedules: `cron` for `scheduleCron`, otherwise `step:` and the trigger step's id."""
    step_id: str | None
    """The `schedule.*` step it belongs to."""
    kind: Literal["cron", "interval", "at"]
    """What kind of schedule it is."""
    cron: str
    """The cron expression, `every 15m`, or the times, as they are written."""
    words: str
    """The same in words."""
    timezone: str
    """The zone it is read in."""
    state: Literal["active", "paused", "disabled", "over"]
    """Whether it fires; `over` when no time is left, `disabled` when its workflow is."""
    next_at: AwareDatetime | None
    """When it fires next."""
    upcoming: list[AwareDatetime]
    """The next five times."""
    misfire: str
    """What is done about missed times."""
    overlap: str
    """What is done while the run before is under way."""
    last_at: AwareDatetime | None
    """The time its newest run was for."""
    last_run_id: str | None
    """Its newest run."""
    missed: int
    """How many times were not run because no server was there, or their workspace had no room in time."""
    skipped: int
    """How many times were left out because of the run before."""
    missed_at: AwareDatetime | None
    """The newest time that was missed or skipped."""
    missed_why: Missed | None
    """Why it was: `outage`, `quota` (no room under the workspace's `queued`), `overlap` (the run before was under way),
    or `workflow` (switched off or gone). Null when that was not written down."""
    held_at: AwareDatetime | None
    """The time whose run waits because the workspace's quota `queued` is used up; tried again every second."""
    waiting: int
    """How many times wait to be run: queued behind a run, or asked for by a backfill."""
    paused_at: AwareDatetime | None
    """Since when it is paused."""
    paused_by: str | None
    """The user who paused it."""
    pause_reason: str | None
    """Why."""


class ScheduledTime(Document):
    """One time of a schedule."""

    at: AwareDatetime
    """The moment."""
    local: AwareDatetime
    """The same moment as the clocks of the schedule's zone show it."""
    note: Literal["gap", "overlap"] | None
    """`gap`: the clocks leave out what is written, so it comes right after. `overlap`: they show this time twice."""


class ClockChangeDocument(Document):
    """A moment at which clocks are moved."""

    at: AwareDatetime
    """The moment."""
    kind: Literal["gap", "overlap"]
    """Put forward or back."""
    minutes: int
    """By how much."""


class OutageDocument(Document):
    """What an outage would do that begins where the window does."""

    lasted: str
    """How long nobody was there."""
    came_up: int
    """How many times came up meanwhile; 100 stands for that many or more."""
    run: list[AwareDatetime]
    """Those that would be run afterwards."""
    missed: int
    """How many would not be, for being too old or too many."""
    left_out: int
    """How many would be left out because of the run before."""


class SchedulePreview(Document):
    """The times of a schedule in a window."""

    words: str
    """The schedule in words."""
    timezone: str
    """The zone it is read in."""
    times: list[ScheduledTime]
    """Its times in the window."""
    more: bool
    """Whether the window holds more of them than asked for."""
    clock_changes: list[ClockChangeDocument]
    """When clocks are moved between the window's beginning and its end or the last time shown."""
    outages: list[OutageDocument]
    """What short and long outages would do."""
