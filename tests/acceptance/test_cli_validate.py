"""`flowdesk validate`, as a person and as a CI job run it."""

from __future__ import annotations

import pytest

from tests.acceptance.command import Home

STEPS = [{"id": "a", "ref": "core.log", "params": {"message": "x"}}]
BAD = """\
name: Bad
steps:
  - id: start
    type: TRIGGER
    ref: manual
    next: nowhere
  - id: call
    ref: http.reqest
  - id: say
    ref: core.log
    params:
      mesage: x
    retry: {maxAttempts: 0}
"""


def test_all_problems_at_once_each_with_its_line(served: Home) -> None:
    checked = served.flowdesk("validate", served.write("bad.yaml", BAD))
    assert checked.code == 1
    lines = checked.out.splitlines()
    assert all(line.startswith("bad.yaml:") for line in lines)
    places = {line.split(": ")[0] for line in lines}
    assert {"bad.yaml:6:5", "bad.yaml:8:5", "bad.yaml:12:7", "bad.yaml:13:13"} <= places
    assert "http.request" in checked.out
    assert "1 file checked, 1 with problems" in checked.err


def test_json_for_machines(served: Home) -> None:
    good = served.write("good.json", {"name": "Good", "steps": STEPS})
    checked = served.flowdesk("validate", good, served.write("bad.yaml", BAD), "--json")
    assert checked.code == 1
    first, second = checked.json
    assert first == {"file": "good.json", "valid": True, "problems": []}
    assert second["valid"] is False
    assert all(problem["line"] and problem["code"] and problem["message"] for problem in second["problems"])


def test_files_in_order_are_a_remark_and_code_0(served: Home) -> None:
    good = served.write("good.json", {"name": "Good", "steps": STEPS})
    checked = served.flowdesk("validate", good)
    assert (checked.code, checked.out) == (0, "")
    assert "no problems" in checked.err


def test_nothing_is_saved(served: Home) -> None:
    good = served.write("x.json", {"name": "Never saved", "steps": STEPS})
    assert served.flowdesk("validate", good).code == 0
    assert served.flowdesk("show", "Never saved").code == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: !!python/object/apply:os.system ['touch pwned']", ":1:4: tags such as !!python"),
        ("name: x\nname: y\n", ":2:1: the key 'name' is there twice"),
        ("name: [\n", ": while parsing"),
        ("- 1\n", ":1:1: a workflow file holds one object"),
        ("", ": the file is empty"),
        ("name: \x1b[2Jx\n", "special characters"),
        ("a: &a [x, x]\nb: &b [" + "*a, " * 2000 + "*a]\nc: &c [" + "*b, " * 2000 + "*b]\n", "aliases expand"),
    ],
)
def test_files_that_are_not_even_data(text: str, says: str, served: Home) -> None:
    """Row 57: YAML bombs, tags and duplicate keys end at the reader, with a line that says so."""
    checked = served.flowdesk("validate", served.write("evil.yaml", text))
    assert checked.code == 1
    assert checked.out.startswith("evil.yaml")
    assert says in checked.out
    assert "\x1b" not in checked.out
    assert not (served.work / "pwned").exists()


def test_names_in_files_cannot_draw_on_the_terminal(served: Home) -> None:
    """Row 52: what a file says is shown clean, also in the server's words about it."""
    document = {"name": "x", "steps": [{"id": "a", "ref": "core.\u001b]0;evil\u0007log", "params": {"\u001b[31mx": 1}}]}
    checked = served.flowdesk("validate", served.write("esc.json", document))
    assert checked.code == 1
    assert "\x1b" not in checked.out
    assert "␛" in checked.out
