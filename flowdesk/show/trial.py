"""A step that was tried or looked at alone."""

from __future__ import annotations

from typing import Any

from flowdesk.clean import clean, clean_lines
from flowdesk.replies import Preview, TrialDoc
from flowdesk.show.paint import Paint
from flowdesk.show.problems import problem_lines
from flowdesk.show.run import error_text, indented
from flowdesk.show.text import clock_time, duration


def trial_lines(trial: TrialDoc, paint: Paint) -> list[str]:
    """What the step said, how it ended, what it was given and what it gave."""
    lines = []
    for said in trial["logs"]:
        first, *rest = clean_lines(said["message"]) or [""]
        lines += [f"{paint.dim(clock_time(said['at']))} {first}", *(f"  {more}" for more in rest)]
    took = f"in {duration(trial['durationMs'])}"
    if trial["ok"]:
        route = f", route {clean(trial['route'])}" if trial["route"] is not None else ""
        lines.append(f"{paint.good('done')} {took}{route}")
    else:
        lines.append(f"{paint.bad('failed')} {took}: {error_text(trial['error'])}")
    lines += _titled("params", trial["params"], paint) + _titled("output", trial["data"], paint)
    return lines + _cut(trial["truncated"], paint)


def preview_lines(preview: Preview, paint: Paint) -> list[str]:
    """The parameters as they would be, and what is wrong with them."""
    lines = _titled("params", preview.params, paint)[1:]
    if preview.problems:
        lines += ["", *problem_lines(preview.problems, paint)]
    return lines + _cut(preview.truncated, paint)


def _titled(title: str, value: Any, paint: Paint) -> list[str]:
    return ["", paint.dim(title), *indented(value)] if value not in (None, {}, []) else []


def _cut(truncated: bool, paint: Paint) -> list[str]:
    return [paint.dim("long values are cut")] if truncated else []
