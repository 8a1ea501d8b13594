"""docs/metrics.md: what Prometheus is told; the table of metrics drawn from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.engine import Engine
from engine.events import LocalBus
from engine.registry import Registry
from engine.store import Health
from engine.stores.memory import MemoryStore
from server.metrics.exposition import Family
from server.metrics.gauges import Metrics
from server.metrics.meters import Meters

_TEXT: Final = Path(__file__).with_name("metrics_text.md")


def families() -> list[Family]:
    """Everything that may be told, in its order."""
    store, bus = MemoryStore(), LocalBus()
    engine = Engine(store, Registry(), bus, owner="docs")
    return list(Metrics(Meters(), engine, store, bus, "server").families(Health(True, "memory")))


def render() -> str:
    """The whole page."""
    rows = ["| metric | kind | labels | what it says |", "|---|---|---|---|"]
    for family in families():
        labels = ", ".join(f"`{label}`" for label in family.labels)
        rows.append(f"| `{family.name}` | {family.kind} | {labels} | {family.help} |")
    return _TEXT.read_text(encoding="utf-8").replace("<!-- table: metrics -->", "\n".join(rows))
