from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import Problem
from flowdesk.errors import BadFile
from flowdesk.files import MAX_FILE, field_place, find_files, looks_like_file, read_text, read_workflow_file

FLOW = """\
# greets
name: Hello
steps:
  - id: start
    ref: manual
    next: greet
  - id: greet
    ref: http.request
    params:
      url: http://x
      headers: {X-A: b}
"""


def _problem(path: Path) -> tuple[str, int | None, int | None]:
    with pytest.raises(BadFile) as caught:
        read_workflow_file(path)
    assert str(path) in caught.value.message
    (problem,) = caught.value.problems
    return problem.code, problem.line, problem.column


def test_yaml_and_json_give_the_same_document(tmp_path: Path) -> None:
    one = tmp_path / "flow.yaml"
    one.write_text(FLOW)
    read = read_workflow_file(one)
    two = tmp_path / "flow.json"
    two.write_text(json.dumps(read.document, indent="\t"))
    again = read_workflow_file(two)
    assert again.document == read.document
    assert read.document["steps"][1]["params"]["url"] == "http://x"
    assert again.marks["steps", 1, "params", "url"][0] > 10


@pytest.mark.parametrize(
    ("problem", "line", "column"),
    [
        (Problem("x", "m", field="name"), 2, 1),
        (Problem("x", "m", step_id="greet"), 7, 5),
        (Problem("x", "m", step_id="greet", field="params.url"), 10, 7),
        (Problem("x", "m", step_id="greet", field="params.headers.X-A"), 11, 17),
        (Problem("x", "m", step_id="greet", field="params.missing"), 9, 5),
        (Problem("x", "m", step_id="greet", field="retry.maxAttempts"), 7, 5),
        (Problem("x", "m", field="steps[0].next"), 6, 5),
        (Problem("x", "m", step_id="gone"), 3, 1),
        (Problem("x", "m", field="scheduleCron"), 1, 1),
        (Problem("x", "m", step_id="greet", field="params.url", line=1, column=3), 10, 7),
    ],
)
def test_a_problem_is_placed_as_near_as_the_file_tells(problem: Problem, line: int, column: int) -> None:
    placed = read_text(Path("flow.yaml"), FLOW).placed(problem)
    assert (placed.line, placed.column) == (line, column)


def test_fields_are_read_as_the_server_writes_them() -> None:
    assert field_place("") == ()
    assert field_place("next[1].when") == ("next", 1, "when")
    assert field_place('params["a \\"b\\""].c') == ("params", 'a "b"', "c")


def test_what_is_not_a_workflow_file(tmp_path: Path) -> None:
    """Row 57: bad files are told with their line, and none is a traceback."""
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"name: x\nwhat: \xff\n")
    assert _problem(path) == ("not_utf8", 2, None)
    path.write_text("- a\n- b\n")
    assert _problem(path) == ("not_an_object", 1, 1)
    path.write_text("a: 1\n  b: 2\n")
    assert _problem(path)[0] == "yaml_syntax"
    path = tmp_path / "bad.json"
    path.write_text('{\n "name": "x",\n "steps": [}\n')
    assert _problem(path) == ("bad_json", 3, 12)
    path.write_text('{"name": "x", "name": "y"}')
    assert _problem(path)[0] == "duplicate_key"
    path.write_text('{"n": 99999999999999999999}')
    assert _problem(path)[0] == "json_big_integer"
    assert _problem(tmp_path / "absent.yaml")[0] == "bad_file"
    assert _problem(tmp_path)[0] == "bad_file"


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Row 56: what is imported is limited in size, endless devices included."""
    path = tmp_path / "large.yaml"
    path.write_text("a: " + "x" * MAX_FILE)
    assert _problem(path)[0] == "bad_file"
    with pytest.raises(BadFile, match="larger than"):
        read_workflow_file(Path("/dev/zero"))


def test_a_byte_order_mark_is_no_part_of_the_document(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_bytes(b'\xef\xbb\xbf{"name": "x"}')
    assert read_workflow_file(path).document == {"name": "x"}


def test_surrogate_pairs_in_json_are_one_character(tmp_path: Path) -> None:
    path = tmp_path / "emoji.json"
    path.write_text('{"name": "\\ud83d\\ude00"}')
    assert read_workflow_file(path).document == {"name": "😀"}


def test_directories_give_their_files_in_order(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "c.json", "readme.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / "sub.yaml").mkdir()
    assert [path.name for path in find_files([tmp_path])] == ["a.yaml", "b.yml", "c.json"]
    assert list(find_files([tmp_path / "b.yml"])) == [tmp_path / "b.yml"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match="holds no workflow file"):
        list(find_files([tmp_path / "empty"]))


def test_files_are_told_from_names(tmp_path: Path) -> None:
    (tmp_path / "flow").write_text("name: x")
    assert looks_like_file("missing.yaml")
    assert looks_like_file(str(tmp_path / "flow"))
    assert not looks_like_file("Hello")
