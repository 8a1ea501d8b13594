"""Follows secrets through the helpers of templates: what `upper` or `sha256` makes of one is as secret as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.masking import Masker


class Followed(dict[str, Any]):
    """The secrets of one rendering, as templates see them under `secrets`; `made` is what helpers made of each."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self._maskers: dict[str, Masker] = {}
        self._results: dict[str, list[Any]] = {}
        self.made: dict[str, list[str]] = {}

    def follow(self, before: Any, after: Any) -> None:
        """A helper made this of that."""
        if before is after:
            return
        if not self._maskers:  # they take time to make, and few templates have helpers
            self._maskers = {name: Masker([value]) for name, value in self.items()}
        for name, masker in self._maskers.items():
            results = self._results.setdefault(name, [])
            # Parts may be too short to be found again, so a result is also known by what it is.
            if any(before is result for result in results) or any(masker.holds(text) for text in _texts(before)):
                results.append(after)
                found = [text for text in _texts(after) if text != self[name]]
                masker.learn(found)
                self.made.setdefault(name, []).extend(found)

    def all_made(self) -> Iterator[str]:
        """Everything that was made of any of them."""
        for made in self.made.values():
            yield from made


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one
