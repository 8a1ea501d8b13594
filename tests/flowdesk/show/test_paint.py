from __future__ import annotations

import io

import pytest

from flowdesk.show.paint import Paint, paint_for


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "on"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_need_a_terminal_that_wants_them(stream: io.StringIO, environ: dict[str, str], on: bool) -> None:
    assert paint_for(stream, environ).on is on


def test_paint_that_is_off_changes_nothing() -> None:
    assert Paint().bad("x") == "x"
    assert Paint(on=True).bad("x") == "\x1b[31mx\x1b[0m"
    assert Paint(on=True).status("SUCCESS") == "\x1b[32mSUCCESS\x1b[0m"
    assert Paint(on=True).status("STRANGE") == "STRANGE"
    assert Paint(on=True).bad("") == ""
