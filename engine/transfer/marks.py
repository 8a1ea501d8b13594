"""What a copy notes in its destination while it fills it, and who must keep away until it is whole."""

from __future__ import annotations

from typing import Final

from engine.errors import Unusable
from engine.store import Store

SOURCE: Final = "copy.source"
"""Which source it comes from."""
PLACE: Final = "copy.place"
"""Where the source's feed ended; a source that has worked meanwhile is read from its first run again."""
RUNS: Final = "copy.runs"
"""How many runs of the source's list are done."""
DONE: Final = "copy.done"
"""When everything was found equal."""


async def refuse_unfinished(store: Store) -> None:
    """Raise Unusable for a store that a copy has not filled to its end."""
    if await store.upkeep.mark(SOURCE) is not None and await store.upkeep.mark(DONE) is None:
        raise Unusable(
            "this database is an unfinished copy of another one",
            code="unfinished_copy",
            hint="run the same flowdesk db copy again, it goes on where it stopped",
        )
