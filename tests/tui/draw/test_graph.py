"""A map shows every step once, in a box of its own, and always ends: drawn or refused."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from flowdesk.tui.draw import graph
from flowdesk.tui.draw.drawing import Drawing
from flowdesk.tui.draw.graph import MOST_STEPS, Direction, LayoutFailed, layout
from flowdesk.tui.draw.topology import Topology
from flowdesk.yaml_reader import read_yaml

EXAMPLES = Path(__file__).parents[3] / "examples"
BOTH: tuple[Direction, ...] = ("LR", "TD")

BRANCHED: list[dict[str, Any]] = [
    {"id": "start", "type": "TRIGGER", "next": "check"},
    {"id": "check", "next": [{"to": "yes", "when": "data.n > 1"}, {"to": "no", "otherwise": True}]},
    {"id": "yes", "next": "end", "onError": "no"},
    {"id": "no"},
    {"id": "end"},
]
LONG_ARROW: list[dict[str, Any]] = [
    {"id": "a", "next": ["b", "d"]},
    {"id": "b", "next": "c"},
    {"id": "c", "next": "d"},
    {"id": "d"},
]


def whole(drawing: Drawing) -> None:
    assert {sum(cell_len(piece.text) for piece in row) for row in drawing.rows} == {drawing.width}
    states = [(piece.step, piece.text) for row in drawing.rows for piece in row if piece.part == "status"]
    assert sorted(states) == sorted((step, " ") for step in drawing.boxes)
    boxes = list(drawing.boxes.values())
    taken = [at for box in boxes for at in box.every()]
    assert len(taken) == len(set(taken))
    assert all(0 <= x < drawing.width and 0 <= y < len(drawing.rows) for x, y in taken)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("direction", BOTH)
def test_the_examples_are_drawn(path: Path, direction: Direction) -> None:
    document, _ = read_yaml(path.read_text())
    drawing = layout(Topology.of(document["steps"]), direction)
    whole(drawing)
    assert all(step.get("name", step["id"])[:20] in drawing.text() for step in document["steps"])


def test_from_left_to_right_and_top_down() -> None:
    across, down = layout(Topology.of(BRANCHED), "LR"), layout(Topology.of(BRANCHED), "TD")
    assert across.boxes["start"].x < across.boxes["check"].x < across.boxes["yes"].x < across.boxes["end"].x
    assert down.boxes["start"].y < down.boxes["check"].y < down.boxes["yes"].y < down.boxes["end"].y
    for text in (across.text(), down.text()):
        assert "data.n > 1" in text
        assert "otherwise" in text
        assert "error" in text


def test_the_way_after_a_failure_is_drawn_apart() -> None:
    drawing = layout(Topology.of(BRANCHED))
    failures = "".join(piece.text for row in drawing.rows for piece in row if piece.part == "failure")
    assert set(failures) & set("┄┆")


def test_what_is_at_a_cell() -> None:
    drawing = layout(Topology.of(BRANCHED))
    for step, box in drawing.boxes.items():
        assert drawing.at(box.x, box.y) == drawing.at(box.x + box.width - 1, box.y + box.height - 1) == step
    assert drawing.at(drawing.width + 5, 0) is None


@pytest.mark.parametrize("direction", BOTH)
def test_a_long_arrow_passes_beside_the_steps_between(direction: Direction) -> None:
    drawing = layout(Topology.of(LONG_ARROW), direction)
    whole(drawing)
    boxes = drawing.boxes
    if direction == "LR":
        assert boxes["a"].x < boxes["b"].x < boxes["c"].x < boxes["d"].x
    else:
        assert boxes["a"].y < boxes["b"].y < boxes["c"].y < boxes["d"].y
    lines = "".join(piece.text for row in drawing.rows for piece in row if piece.part == "arrow")
    assert ("─────" if direction == "LR" else "││││") in lines


def test_ascii_only() -> None:
    for direction in BOTH:
        assert layout(Topology.of(BRANCHED), direction, plain=True).text().isascii()


NAMES = (
    "日本語の名前",
    "e\u0301galite\u0301",
    "\U0001f600 smile",
    "[/red]x[b",
    "\x1b[2J\u202e",
    "x" * 300,
    "\ud800",
    "\U000f0001",
)


@pytest.mark.parametrize("direction", BOTH)
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_and_label_keeps_the_boxes_whole(name: str, direction: Direction) -> None:
    steps = [{"id": "a", "name": name, "next": [{"to": "b", "when": name}]}, {"id": "b", "name": "b"}]
    drawing = layout(Topology.of(steps), direction)
    whole(drawing)
    assert all(piece.text.isprintable() for row in drawing.rows for piece in row)


def test_a_cycle_is_drawn() -> None:
    whole(layout(Topology.of([{"id": "a", "next": "b"}, {"id": "b", "next": "c"}, {"id": "c", "next": "a"}])))


def tangle(steps: int, arrows: int, seed: int) -> Topology:
    dice = random.Random(seed)
    pairs = [(dice.randrange(max(0, number - 6), number), number) for number in range(1, steps)]
    for _ in range(arrows - steps):
        first, second = sorted(dice.sample(range(steps), 2))
        pairs.append((first, second))
    return Topology.of(
        [{"id": str(n), "next": [str(after) for before, after in pairs if before == n]} for n in range(steps)]
    )


def test_a_tangle_is_refused_instead_of_hanging() -> None:
    """The library itself runs out of memory here: it follows a slanted line for ever."""
    begin = time.monotonic()
    with pytest.raises(LayoutFailed):
        layout(tangle(40, 80, seed=1))
    assert time.monotonic() - begin < 60


def test_no_patience_no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "PATIENCE_S", -1.0)
    with pytest.raises(LayoutFailed, match="too long"):
        layout(tangle(9, 12, seed=2))


def test_too_many_steps_and_none_at_all() -> None:
    with pytest.raises(LayoutFailed, match="too many"):
        layout(tangle(MOST_STEPS + 1, 0, seed=0))
    with pytest.raises(LayoutFailed, match="no steps"):
        layout(Topology.of([]))


def test_the_same_topology_is_laid_out_once() -> None:
    assert layout(Topology.of(BRANCHED)) is layout(Topology.of([dict(step, params={}) for step in BRANCHED]))


def small_graphs() -> st.SearchStrategy[list[dict[str, Any]]]:
    def steps(size: int) -> st.SearchStrategy[list[dict[str, Any]]]:
        name = st.sampled_from([str(number) for number in range(size)])
        return st.tuples(*[st.lists(name, max_size=3) for _ in range(size)]).map(
            lambda follow: [{"id": str(number), "next": targets} for number, targets in enumerate(follow)]
        )

    return st.integers(1, 9).flatmap(steps)


@settings(max_examples=60, deadline=None)
@given(small_graphs(), st.sampled_from(BOTH))
def test_every_small_workflow_is_drawn_whole_or_refused(steps: list[dict[str, Any]], direction: Direction) -> None:
    try:
        drawing = layout(Topology.of(steps), direction)
    except LayoutFailed:
        return
    whole(drawing)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    layout.cache_clear()
    yield
    layout.cache_clear()
