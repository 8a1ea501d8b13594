"""`flowdesk-server doctor`: examine this installation and say what to do."""

from __future__ import annotations

import asyncio
import os
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from engine.errors import Unusable
from engine.jsonio import dump_text
from server.doctor.examination import examine_house
from server.doctor.findings import Finding, Level, ok, problem
from server.doctor.house import House, load_registry
from server.environment import load_settings
from server.exits import Exit
from server.logs import visible
from server.operating import operate
from server.settings import Settings

_WIDTH: Final = 110
PROBLEMS: Final = Exit.INTERNAL
_COLOURS: Final = {Level.OK: "green", Level.NOTE: "blue", Level.WARNING: "yellow", Level.PROBLEM: "red"}


def run_doctor(given: Mapping[str, Any], *, fix: bool, everything: bool, as_json: bool) -> int:
    """Look at everything and say what was found; the exit code is 1 when a problem is left."""

    def work() -> int:
        found = asyncio.run(_examine(given, fix=fix, everything=everything, show=None if as_json else _show))
        left = [finding for finding in found if finding.level is Level.PROBLEM and not finding.fixed]
        if as_json:
            document = {"ok": not left, "findings": [finding.document() for finding in found]}
            click.echo(dump_text(document, pretty=True))
        else:
            click.echo(_summary(found))
        return PROBLEMS if left else Exit.OK

    return operate(work, as_json=as_json)


async def _examine(given: Mapping[str, Any], *, fix: bool, everything: bool, show: Any) -> list[Finding]:
    findings: list[Finding] = []

    def hear(finding: Finding) -> None:
        findings.append(finding)
        if show is not None:
            show(finding)

    settings = _settings(given)
    if isinstance(settings, Finding):
        hear(settings)
        return findings
    hear(ok("settings", "every setting makes sense"))
    house = House(settings, load_registry(), fix=fix, everything=everything)
    async for finding in examine_house(house):
        hear(finding)
    return findings


def _settings(given: Mapping[str, Any]) -> Settings | Finding:
    try:
        return load_settings(os.environ, Path(".env"), given)
    except Unusable as error:
        return problem("settings", " ".join(error.message.split()), error.hint)


def _show(finding: Finding) -> None:
    colour = None if "NO_COLOR" in os.environ else _COLOURS[finding.level]
    level = click.style(f"{'fixed' if finding.fixed else finding.level.name.lower():8}", fg=colour)
    click.echo(f"{level} {finding.code:24} {visible(finding.message)}")
    if finding.fixed or finding.level is Level.OK:
        return
    if finding.level > Level.NOTE:
        click.echo(_wrapped(finding.meaning, "  "))
    if finding.remedy:
        click.echo(_wrapped(finding.remedy, "  > "))


def _wrapped(text: str, mark: str) -> str:
    return textwrap.fill(
        visible(text), _WIDTH, initial_indent=f"{'':9}{mark}", subsequent_indent=f"{'':9}{'':{len(mark)}}"
    )


def _summary(found: Sequence[Finding]) -> str:
    counts = {
        level: sum(finding.level is level and not finding.fixed for finding in found)
        for level in (Level.PROBLEM, Level.WARNING, Level.NOTE)
    }
    fixed = sum(finding.fixed for finding in found)
    told = [f"{count} {level.name.lower()}{'s' if count != 1 else ''}" for level, count in counts.items() if count]
    told += [f"{fixed} fixed"] if fixed else []
    return "\n" + (", ".join(told) if told else "nothing is wrong")
