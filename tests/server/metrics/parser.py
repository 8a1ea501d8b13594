"""A strict reader of Prometheus' text format 0.0.4: what the official parsers take, and no more."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HELP = re.compile(r"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)")
_TYPE = re.compile(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)")
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
_NUMBER = re.compile(r"[+-]?Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")

Labels = frozenset[tuple[str, str]]


@dataclass
class Exposition:
    """Every sample by name and labels, and the type of every family."""

    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)

    def get(self, name: str, **labels: str) -> float | None:
        """One sample."""
        return self.samples.get((name, frozenset(labels.items())))

    def labels(self) -> set[tuple[str, str]]:
        """Every label with its value."""
        return {pair for _, labels in self.samples for pair in labels}


def parse(text: str) -> Exposition:
    """Read it all; AssertionError for whatever a parser might not take."""
    assert text.endswith("\n")
    found = Exposition()
    family = ""
    for line in text.removesuffix("\n").split("\n"):
        if match := _HELP.fullmatch(line):
            family = match[1]
            assert family not in found.types, f"{family} twice"
            assert match[2]
        elif match := _TYPE.fullmatch(line):
            assert match[1] == family, line
            found.types[family] = match[2]
        else:
            name, labels, value = _sample(line)
            assert _belongs(name, family, found.types[family]), line
            assert (name, labels) not in found.samples, line
            found.samples[name, labels] = value
    _check_histograms(found)
    return found


def _sample(line: str) -> tuple[str, Labels, float]:
    match = _SAMPLE.fullmatch(line)
    assert match is not None, line
    pairs = []
    rest = match[2] or ""
    while rest:
        label = _LABEL.match(rest)
        assert label is not None, line
        pairs.append((label[1], re.sub(r'\\(["\\n])', lambda m: "\n" if m[1] == "n" else m[1], label[2])))
        rest = rest[label.end() :]
        assert not rest or rest.startswith(","), line
        rest = rest.removeprefix(",")
    assert len({key for key, _ in pairs}) == len(pairs), line
    assert _NUMBER.fullmatch(match[3]), line
    return match[1], frozenset(pairs), float(match[3])


def _belongs(name: str, family: str, kind: str) -> bool:
    if kind == "counter":
        return name == family and name.endswith("_total")
    if kind == "histogram":
        return name in {f"{family}_bucket", f"{family}_sum", f"{family}_count"}
    return name == family and not name.endswith("_total")


def _check_histograms(found: Exposition) -> None:
    for family in [name for name, kind in found.types.items() if kind == "histogram"]:
        series = [labels for name, labels in found.samples if name == f"{family}_count"]
        assert series
        for labels in series:
            buckets = {
                float(dict(own)["le"]): value
                for (name, own), value in found.samples.items()
                if name == f"{family}_bucket" and {pair for pair in own if pair[0] != "le"} == labels
            }
            counts = [buckets[bound] for bound in sorted(buckets)]
            assert counts == sorted(counts), f"{family} is not cumulative"
            assert max(buckets) == float("inf")
            assert counts[-1] == found.samples[f"{family}_count", labels]
            assert (f"{family}_sum", labels) in found.samples
