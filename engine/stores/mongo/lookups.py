"""Summaries by id: what many ask for at the same moment is read in one query."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from engine.errors import Invalid
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.gather import Gatherer, promise
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import RUNS

_MOST_AT_ONCE: Final = 200
_LANES: Final = 3


@dataclass(slots=True, eq=False)
class _Question:
    run_id: str
    answer: asyncio.Future[Doc | None] = field(default_factory=promise)
    weight: int = 0


class Lookups:
    """Reads summaries."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.gatherer: Gatherer[_Question] = Gatherer(self._read, most=_MOST_AT_ONCE, lanes=_LANES)

    async def find(self, run_id: str) -> Doc | None:
        """The summary of this run as it is kept."""
        try:
            run_id.encode()
        except UnicodeEncodeError:
            raise Invalid("a text holds a lone surrogate", code="bad_text") from None
        question = _Question(run_id)
        self.gatherer.put(question)
        return await question.answer

    async def _read(self, batch: list[_Question]) -> None:
        ids = list({question.run_id for question in batch})
        found = {doc["_id"]: doc for doc in await self._link.many(RUNS, {"_id": {"$in": ids}})}
        for question in batch:
            if not question.answer.done():
                question.answer.set_result(found.get(question.run_id))
