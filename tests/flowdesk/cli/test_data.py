from __future__ import annotations

import io
from pathlib import Path

import click
import pytest

from flowdesk.cli.data import read_data, read_value


def test_data_from_the_command_line_a_file_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.json"
    path.write_text('{"a": 2}')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 3}')))
    assert read_data(None) is None
    assert read_data('{"a": 1}') == {"a": 1}
    assert read_data(f"@{path}") == {"a": 2}
    assert read_data("-") == {"a": 3}


def test_an_output_may_be_any_value() -> None:
    assert [read_value(given) for given in (None, "1", "[1]", "null", '"x"')] == [None, 1, [1], None, "x"]
    with pytest.raises(click.UsageError, match="not valid JSON"):
        read_value("{")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "--data: not valid JSON"),
        ("{", "--data: not valid JSON"),
        ("[1]", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('{"n": NaN}', "not valid JSON"),
        ('{"n": 99999999999999999999}', "64 bits"),
        ("@/nowhere/data.json", "cannot read /nowhere/data.json"),
        ("@/", "cannot read /"),
        ("\udcff", "--data"),
    ],
)
def test_what_is_no_data(given: str, says: str) -> None:
    """Row 23: everything that is not one JSON object is a usage error with its place."""
    with pytest.raises(click.UsageError, match=says):
        read_data(given)
