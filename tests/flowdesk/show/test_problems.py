from __future__ import annotations

from engine.errors import Problem
from flowdesk.show.paint import Paint
from flowdesk.show.problems import problem_lines


def test_problems_read_like_a_compiler_s_in_the_order_of_the_file() -> None:
    """Row 52: a name from a file cannot draw on the terminal."""
    problems = [
        Problem("b", "is required", step_id="send", field="params.url", line=9, column=5),
        Problem("a", "there is no step \x1b[31mx", hint="did you mean y?", line=2, column=1),
        Problem("c", "is wrong as a whole"),
    ]
    assert problem_lines(problems, Paint(), "flow.yaml") == [
        "flow.yaml: is wrong as a whole",
        "flow.yaml:2:1: there is no step ␛[31mx (did you mean y?)",
        "flow.yaml:9:5: step send · params.url: is required",
    ]
    assert problem_lines(problems[2:], Paint()) == ["is wrong as a whole"]
