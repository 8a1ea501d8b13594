"""Schedules and their times as lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from flowdesk.clean import clean
from flowdesk.show.paint import Paint
from flowdesk.show.table import Column

_NOTES: Final = {"gap": "the clocks skip what is written: right after the gap", "overlap": "the clocks show it twice"}
_MOST_RUN: Final = 3


def schedule_table(schedules: Sequence[Mapping[str, Any]], paint: Paint) -> tuple[list[Column], list[tuple[Any, ...]]]:
    """One row for each schedule, with its zone."""
    columns = [
        Column("workflow", prose=True),
        Column("schedule"),
        Column("when", prose=True),
        Column("zone"),
        Column("state"),
        Column("next"),
        Column("missed", right=True, style=paint.dim),
    ]
    rows = [
        (
            one["workflowName"],
            one["stepId"] or one["scheduleId"],
            one["words"],
            one["timezone"],
            "held back by the quota" if one.get("heldAt") else one["state"],
            one["nextAt"] or "",
            one["missed"] + one["skipped"] or "",
        )
        for one in schedules
    ]
    return columns, rows


def preview_lines(found: Mapping[str, Any], paint: Paint) -> list[str]:
    """The times of a schedule: in words, one by one, and what clocks and outages do to them."""
    lines = [f"{clean(found['words'])}, {clean(found['timezone'])}", ""]
    lines += [_time(one, paint) for one in found["times"]] or ["no time in this window"]
    if found["more"]:
        lines.append(paint.dim("…"))
    if found["clockChanges"]:
        lines += ["", "Clocks change:"]
        lines += [_change(one) for one in found["clockChanges"]]
    if any(one["cameUp"] for one in found["outages"]):
        lines += ["", "If no server were there from the beginning of this window:"]
        lines += [_outage(one) for one in found["outages"]]
    return lines


def _time(one: Mapping[str, Any], paint: Paint) -> str:
    local = datetime.fromisoformat(one["local"])
    note = _NOTES.get(one["note"] or "", "")
    text = f"{local:%a %Y-%m-%d %H:%M:%S} {local:%z}"
    return f"{text}  {paint.dim(note)}" if note else text


def _change(one: Mapping[str, Any]) -> str:
    way = "forward" if one["kind"] == "gap" else "back"
    return f"  {clean(one['at'])}  {one['minutes']} minutes {way}"


def _outage(one: Mapping[str, Any]) -> str:
    came_up = f"{one['cameUp']}{' or more' if one['missed'] >= 100 else ''}"
    run = [clean(at) for at in one["run"]]
    shown = ", ".join(run[-_MOST_RUN:])
    said = f"{len(run)} run afterwards ({shown})" if 0 < len(run) <= _MOST_RUN else f"{len(run)} run afterwards"
    left_out = f", {one['leftOut']} left out if runs take long" if one["leftOut"] else ""
    return f"  {clean(one['lasted']):>4}: {came_up} came up, {said}, {one['missed']} missed{left_out}"
