"""deploy/grafana-dashboard.json asks for metrics and labels that exist, and shows each that is worth a look."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from docs.metrics_page import families
from tests.house.tree import ROOT

DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
UNSHOWN = {
    "flowdesk_build_info",
    "flowdesk_doorbells_missed_total",
    "flowdesk_doorbells_rung_total",
    "flowdesk_scheduler_runs_total",
    "flowdesk_sweeper_passes_total",
    "process_max_fds",
    "process_start_time_seconds",
}
GIVEN = {"job", "instance", "le"}


def _family(name: str, kinds: dict[str, str]) -> str:
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if kinds.get(base) == "histogram" else name


@pytest.mark.parametrize("expression", sorted(set(EXPRESSIONS)))
def test_what_is_asked_for_exists(expression: str) -> None:
    kinds = {family.name: family.kind for family in families()}
    labels = {family.name: {*family.labels, *GIVEN} for family in families()}
    asked = [_family(name, kinds) for name in re.findall(r"\b(?:flowdesk|process)_\w+", expression)]
    assert asked
    assert set(asked) <= set(kinds)
    known = set.intersection(*(labels[name] for name in asked))
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")}
    matched = set(re.findall(r"[{,](\w+)=", expression))
    assert grouped | matched <= known
    assert expression.count("(") == expression.count(")")
    counted = [name for name in asked if kinds[name] != "gauge"]
    assert not counted or "rate(" in expression or "increase(" in expression


def test_everything_worth_a_look_is_shown() -> None:
    kinds = {family.name: family.kind for family in families()}
    text = " ".join(EXPRESSIONS)
    shown = {_family(name, kinds) for name in re.findall(r"\b(?:flowdesk|process)_\w+", text)}
    assert set(kinds) - shown == UNSHOWN


def test_panels_have_names_and_lie_side_by_side() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert panel["title"]
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_the_alerts_of_the_page_name_what_there_is() -> None:
    page = (ROOT / "docs" / "metrics_text.md").read_text()
    named = set(re.findall(r"\bflowdesk_\w+", page)) - {"flowdesk_"}
    assert named <= {family.name for family in families()}
