from __future__ import annotations

import copy
import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdesk.yaml_reader import read_yaml
from flowdesk.yaml_writer import dump_yaml, update_yaml

FLOW = """\
# what it is for
name: "Hello" # the name
steps:
  # first comment
  - id: one   # the one
    ref: manual
    next: two
  # second comment
  - id: two
    ref: core.log
    params:
      # what to say
      message: hi
      level: info
"""

PLAIN = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), VALUES, max_size=4))
def test_what_is_written_reads_back_the_same(document: dict[str, Any]) -> None:
    """Row 52: whatever texts hold, the file has no invisible character but line ends, and says the same."""
    text = dump_yaml({"v": document})
    assert {char for char in text if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"} <= {"\n"}
    assert read_yaml(text)[0] == {"v": document}


def test_it_is_written_for_people() -> None:
    document = {"name": "x", "steps": [{"id": "a", "params": {"body": "one\ntwo\n", "on": "yes", "n": "12"}}]}
    assert dump_yaml(document) == (
        "name: x\nsteps:\n  - id: a\n    params:\n      body: |\n        one\n        two\n"
        "      on: yes\n      n: '12'\n"
    )


def _changed(change: Any) -> tuple[str, dict[str, Any]]:
    document = copy.deepcopy(read_yaml(FLOW)[0])
    change(document)
    text = update_yaml(FLOW, document)
    assert read_yaml(text)[0] == document
    return text, document


def test_nothing_to_change_changes_nothing() -> None:
    assert _changed(lambda d: None)[0] == FLOW


def test_comments_and_quotes_survive_a_changed_value() -> None:
    text, _ = _changed(lambda d: d["steps"][1]["params"].update(message="bye"))
    assert text == FLOW.replace("message: hi", "message: bye")


def test_comments_survive_a_new_step() -> None:
    def add(document: dict[str, Any]) -> None:
        document["steps"].insert(1, {"id": "mid", "ref": "core.log"})
        document["steps"][0]["next"] = "mid"

    text, _ = _changed(add)
    for comment in ("# what it is for", "# the name", "# first comment", "# the one", "# what to say"):
        assert comment in text


def test_a_removed_step_and_another_order() -> None:
    text, _ = _changed(lambda d: d["steps"].pop(0))
    assert "# what to say" in text
    _changed(lambda d: d["steps"].reverse())
    text, _ = _changed(lambda d: d.update(steps=[{"id": "x"}], tags=["a"]))
    assert "# what it is for" in text


def test_true_and_1_are_told_apart() -> None:
    assert update_yaml("a: 1\nb: true\n", {"a": True, "b": 1}) == "a: true\nb: 1\n"
