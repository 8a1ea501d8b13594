"""Large values, in pieces that fit a document, written before the entry that refers to them.

A piece names the entry it belongs to by rev and tag, so what a commit that was refused left behind is never shown.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Final

from bson import Binary

from engine.errors import NotFound, Unavailable
from engine.store import Blob
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import BLOBS, JOURNAL

PIECE: Final = 2 << 20
"""Bytes that even a slow network carries within the time of one call."""
EVENTS_APART: Final = 4 << 20
"""Bytes of events above which they are kept here and not in their entry."""

log = logging.getLogger("flowdesk.store")


def events_ref(tag: str) -> str:
    """The name of an entry's own events; no name from outside has a NUL and a tag."""
    return f"\x00{tag}"


class Blobs:
    """Implements `Runs.blob` and what commits need."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def put(self, run_id: str, rev: int, tag: str, blobs: Iterable[Blob]) -> None:
        """Write values that belong to the entry with this rev and tag, which comes next."""
        for blob in blobs:
            for doc in _pieces(run_id, rev, tag, blob):
                await self._link.insert_one(BLOBS, doc)

    async def drop(self, run_id: str, tag: str) -> None:
        """The entry was refused."""
        try:
            await self._link.delete(BLOBS, {"runId": run_id, "tag": tag})
        except Unavailable as error:
            log.info("large values of run %s stay until it is pruned: %s", run_id, error)

    async def get(self, run_id: str, ref: str) -> bytes:
        """The value the run's first entry with this ref brought, piece by piece."""
        order = [("rev", 1), ("part", 1)]
        pieces = await self._link.many(BLOBS, {"runId": run_id, "ref": ref}, {"data": 0}, sort=order)
        revs = sorted({piece["rev"] for piece in pieces})
        entries = await self._link.many(JOURNAL, {"runId": run_id, "rev": {"$in": revs}}, {"rev": 1, "tag": 1})
        tags = {entry["rev"]: entry["tag"] for entry in entries}
        for rev in revs:
            ids = [piece["_id"] for piece in pieces if piece["rev"] == rev and piece["tag"] == tags.get(rev)]
            if ids:
                return b"".join([await self._piece(piece_id) for piece_id in ids])
        raise NotFound

    async def _piece(self, piece_id: object) -> bytes:
        found = await self._link.one(BLOBS, {"_id": piece_id}, {"data": 1})
        if found is None:
            raise NotFound
        return bytes(found["data"])


def _pieces(run_id: str, rev: int, tag: str, blob: Blob) -> Iterator[Doc]:
    for part, start in enumerate(range(0, max(len(blob.data), 1), PIECE)):
        data = Binary(blob.data[start : start + PIECE])
        yield {"runId": run_id, "rev": rev, "ref": blob.ref, "part": part, "tag": tag, "data": data}
