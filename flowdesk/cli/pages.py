"""Lists as long as the caller wants them, whatever the size of the server's pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from flowdesk.replies import Page

T = TypeVar("T")

MAX_PAGE: Final = 200


async def collect(fetch: Callable[[int, str | None], Awaitable[Page[T]]], limit: int) -> tuple[list[T], bool]:
    """The newest `limit` items, and whether there are more; `fetch(limit, cursor)` gets one page."""
    items: list[T] = []
    cursor: str | None = None
    while True:
        page = await fetch(min(limit - len(items), MAX_PAGE), cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None or not page.items or len(items) >= limit:
            return items, cursor is not None
