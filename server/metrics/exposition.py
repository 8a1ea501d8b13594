"""Prometheus' text format, version 0.0.4: counters and histograms that are cheap to move, and their text.

Everything is called in the event loop, so nothing is locked. A label's value must come from this program or from an
installed plugin, never from what users write.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[str, ...]


class Family(Protocol):
    """All series of one name."""

    @property
    def name(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def labels(self) -> Labels: ...

    def lines(self) -> Iterator[str]:
        """One line for each sample."""


class Counter:
    """Counts up, for each combination of labels apart."""

    __slots__ = ("_values", "help", "labels", "name")

    kind: Final = "counter"

    def __init__(self, name: str, text: str, labels: Labels = (), known: Iterable[Labels] = ()) -> None:
        """`known` combinations are shown from the start, so that a rate sees their first one."""
        self.name = name
        self.help = text
        self.labels = labels
        self._values: dict[Labels, float] = dict.fromkeys(known if labels else [()], 0)

    def add(self, labels: Labels = (), by: float = 1) -> None:
        """Count."""
        values = self._values
        values[labels] = values.get(labels, 0) + by

    def value(self, labels: Labels = ()) -> float:
        """What has been counted."""
        return self._values.get(labels, 0)

    def lines(self) -> Iterator[str]:
        """One line for each sample."""
        for labels, value in self._values.items():
            yield sample(self.name, self.labels, labels, value)


class Series:
    """The observations of one combination of labels."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Take note of a value; clocks that were set back make no negative ones."""
        if value < 0:
            value = 0.0
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Histogram:
    """How often a value was at most each bound, for each combination of labels apart."""

    __slots__ = ("_bounds", "_series", "help", "labels", "name")

    kind: Final = "histogram"

    def __init__(self, name: str, text: str, bounds: Sequence[float], labels: Labels = ()) -> None:
        self.name = name
        self.help = text
        self._bounds = tuple(bounds)
        self.labels = labels
        self._series: dict[Labels, Series] = {}
        if not labels:
            self.of(())

    def of(self, labels: Labels) -> Series:
        """One combination of labels, to keep at hand."""
        found = self._series.get(labels)
        if found is None:
            found = self._series[labels] = Series(self._bounds)
        return found

    def observe(self, value: float, labels: Labels = ()) -> None:
        """Take note of a value."""
        self.of(labels).observe(value)

    def lines(self) -> Iterator[str]:
        """The cumulative buckets, the sum and the count of each combination."""
        names = (*self.labels, "le")
        for labels, series in self._series.items():
            total = 0
            for bound, count in zip((*self._bounds, math.inf), series.counts, strict=True):
                total += count
                yield sample(f"{self.name}_bucket", names, (*labels, number(bound)), total)
            yield sample(f"{self.name}_sum", self.labels, labels, series.sum)
            yield sample(f"{self.name}_count", self.labels, labels, total)


@dataclass(slots=True)
class Sampled:
    """Values looked up at the moment they are asked for; None is left out, as what is not known."""

    name: str
    help: str
    kind: Literal["gauge", "counter"] = "gauge"
    labels: Labels = ()
    values: dict[Labels, float | None] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """One line for each value that is known."""
        for labels, value in self.values.items():
            if value is not None:
                yield sample(self.name, self.labels, labels, value)


def gauge(name: str, text: str, value: float | None) -> Sampled:
    """One value without labels."""
    return Sampled(name, text, values={(): value})


def total(name: str, text: str, value: float | None) -> Sampled:
    """One count without labels that somebody else keeps."""
    return Sampled(name, text, "counter", values={(): value})


def sample(name: str, names: Labels, labels: Labels, value: float) -> str:
    """One line."""
    pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in zip(names, labels, strict=True))
    return f"{name}{{{pairs}}} {number(value)}" if pairs else f"{name} {number(value)}"


def number(value: float) -> str:
    """A number as Go's parser reads it."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def render(families: Iterable[Family]) -> str:
    """The whole text; families without samples are left out."""
    blocks = []
    for family in families:
        lines = list(family.lines())
        if lines:
            text = family.help.replace("\\", "\\\\").replace("\n", "\\n")
            head = [f"# HELP {family.name} {text}", f"# TYPE {family.name} {family.kind}"]
            blocks.append("\n".join([*head, *lines, ""]))
    return "".join(blocks)
