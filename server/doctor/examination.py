"""All checks in their order; one that cannot be made is itself a finding."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

from engine.errors import FlowDeskError
from server.doctor.database import check_file, check_store, unchecked
from server.doctor.files import check_files
from server.doctor.findings import Finding
from server.doctor.house import House, opened
from server.doctor.presence import check_processes, check_server, look_for_server
from server.doctor.redis import check_redis
from server.doctor.runs import check_runs, check_waiting
from server.doctor.secrets import check_secrets
from server.doctor.timing import check_clock, check_store_clock
from server.doctor.workflows import check_plugins, check_workflows

Check = Callable[[House], AsyncIterator[Finding]]

ON_STORE: Final[tuple[tuple[str, Check], ...]] = (
    ("the database", check_store),
    ("the database's clock", check_store_clock),
    ("the clock", check_clock),
    ("secrets", check_secrets),
    ("processes", check_processes),
    ("runs that wait", check_waiting),
    ("runs and their journals", check_runs),
    ("workflows", check_workflows),
)


async def examine_house(house: House) -> AsyncIterator[Finding]:
    """Everything, the quick things first."""
    look_for_server(house)
    for found in check_files(house):
        yield found
    async for found in check_server(house):
        yield found
    async for found in check_file(house):
        yield found
    async for found in check_plugins(house):
        yield found
    async for found in check_redis(house):
        yield found
    async with opened(house):
        for what, check in ON_STORE:
            try:
                async for found in check(house):
                    yield found
            except FlowDeskError as error:
                yield unchecked(what, error)
