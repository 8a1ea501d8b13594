"""Plugins that do not load, and workflows that need steps nobody has."""

from __future__ import annotations

from collections.abc import AsyncIterator

from engine.store import ANYONE
from server.doctor.findings import Finding, ok, problem, some, warning
from server.doctor.house import House


async def check_plugins(house: House) -> AsyncIterator[Finding]:
    """Those a server started here would load."""
    plugins = house.registry.plugins
    broken = [plugin for plugin in plugins if plugin.error is not None]
    for plugin in broken:
        yield warning("plugins", f"{plugin.name} ({plugin.source}) was skipped: {plugin.error}")
    if not broken:
        yield ok("plugins", f"{len(house.registry.all())} kinds of steps from {len(plugins)} plugins")


async def check_workflows(house: House) -> AsyncIterator[Finding]:
    """Refs of current versions; those of unfinished runs are looked at with the runs."""
    if house.store is None:
        return
    count = 0
    lacking: dict[str, list[str]] = {}
    enabled: set[str] = set()
    cursor: str | None = None
    while True:
        page = await house.store.workflows.page(owner=ANYONE, limit=200, cursor=cursor)
        for workflow in page.items:
            count += 1
            missing = {step.ref for step in workflow.steps if step.ref not in house.registry}
            for ref in missing:
                lacking.setdefault(ref, []).append(workflow.name)
            enabled |= missing if workflow.enabled else set()
        if (cursor := page.cursor) is None:
            break
    for ref, names in sorted(lacking.items()):
        near = house.registry.nearest(ref)
        say = problem if ref in enabled else warning
        like = f"; {near} is known" if near else ""
        yield say("workflows.missing_steps", f"{some(names)}: there is no step {ref}{like}")
    if not lacking:
        yield ok("workflows.missing_steps", f"every step of {count} workflows is known")
