"""`flowdesk-server db copy SRC DST`: everything from one database into another."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any, Final

import click

from engine.errors import Conflict, Unusable
from engine.jsonio import dump_text
from engine.transfer.copying import Compared, Copy
from server.exits import Exit
from server.operating import operate
from server.places import Place, place

DIFFERENT: Final = Exit.INTERNAL
_EVERY_S: Final = 2.0


class Progress:
    """Says on standard error how far it is, every now and then."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._said_at = monotonic()

    def __call__(self, kind: str, count: int) -> None:
        """So many of this kind so far."""
        if not self._silent and monotonic() - self._said_at >= _EVERY_S:
            self._said_at = monotonic()
            self.say(f"{kind}: {count}")

    def say(self, text: str) -> None:
        """Say it now."""
        if not self._silent:
            click.echo(text, err=True)


def run_copy(origin: str, destination: str, *, as_json: bool) -> int:
    """Copy, compare and show the figures; the exit code."""

    def work() -> int:
        there, here = place(origin), place(destination)
        resumed, compared = asyncio.run(_copy(there, here, Progress(silent=as_json)))
        equal = all(row.equal for row in compared)
        if as_json:
            click.echo(dump_text(_document(there, here, resumed, compared), pretty=True))
        else:
            for line in _table(compared):
                click.echo(line)
            click.echo(_verdict(there, here, equal=equal), err=not equal)
        return Exit.OK if equal else DIFFERENT

    return operate(work, as_json=as_json)


async def _copy(there: Place, here: Place, progress: Progress) -> tuple[bool, list[Compared]]:
    if (there.url, there.path) == (here.url, here.path):
        raise Conflict("source and destination are the same", hint="name two different databases")
    if there.missing:
        raise Unusable(f"there is no database at {there.name}", hint="name a data directory, a file or an address")
    async with AsyncExitStack() as stores:
        origin = there.store()
        stores.push_async_callback(origin.close)
        await origin.open()
        target = here.store()
        stores.push_async_callback(target.close)
        await target.open()
        copy = Copy(origin, target, name=there.name, told=progress)
        compared = await copy.run()
        return copy.resumed, compared


def _table(compared: list[Compared]) -> list[str]:
    rows = [("kind", "source", "copy", "", "hash")]
    rows += [(r.kind, str(r.there), str(r.here), "equal" if r.equal else "DIFFERENT", r.hash[:16]) for r in compared]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        f"{kind:<{widths[0]}}  {there:>{widths[1]}}  {here:>{widths[2]}}  {equal:<{widths[3]}}  {digest}".rstrip()
        for kind, there, here, equal, digest in rows
    ]


def _verdict(there: Place, here: Place, *, equal: bool) -> str:
    if not equal:
        return (
            f"{here.name} is not the same as {there.name}, and no server starts on it: "
            "was something written to one of them meanwhile? Copy again into an empty database"
        )
    setting = "MONGO_URL" if here.path is None else "FLOWDESK_DATA_DIR"
    return f"{here.name} holds the same as {there.name}; {setting} makes a server go on with it"


def _document(there: Place, here: Place, resumed: bool, compared: list[Compared]) -> dict[str, Any]:
    kinds = [
        {"kind": row.kind, "source": row.there, "copy": row.here, "equal": row.equal, "hash": row.hash}
        for row in compared
    ]
    equal = all(row.equal for row in compared)
    return {"source": there.name, "copy": here.name, "resumed": resumed, "equal": equal, "kinds": kinds}
