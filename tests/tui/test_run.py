"""Opening the terminal UI: where it can be drawn, and with which signs."""

from __future__ import annotations

import logging
import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowdesk.errors import NoTerminal
from flowdesk.tui import run
from flowdesk.tui.failing import LOG_NAME
from flowdesk.tui.run import check_terminal, log_to


@contextmanager
def terminal() -> Iterator[None]:
    """Standard streams that are a terminal."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "r") as stream, pytest.MonkeyPatch.context() as patched:
        for name in ("stdin", "stdout", "__stderr__"):
            patched.setattr(sys, name, stream)
        yield
    os.close(master)


@pytest.mark.parametrize(("kind", "says"), [("dumb", "'dumb'"), ("", "'unknown'")])
def test_a_terminal_that_cannot_draw_is_refused(kind: str, says: str) -> None:
    with terminal(), pytest.raises(NoTerminal, match=says):
        check_terminal({"TERM": kind})


def test_a_terminal_will_do() -> None:
    with terminal():
        check_terminal({"TERM": "xterm"})


def test_a_page_needs_no_terminal() -> None:
    with pytest.raises(NoTerminal):
        check_terminal({"TERM": "xterm"})
    check_terminal({"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"})


@pytest.mark.parametrize(
    ("environ", "knows"),
    [
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "en_US.utf8"}, True),
        ({"LC_ALL": "C", "LANG": "C.UTF-8"}, False),
        ({"LANG": "C.UTF-8", "TERM": "linux"}, False),
        ({}, False),
        ({"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}, True),
    ],
)
def test_signs_beyond_ascii_only_where_they_are_known(environ: dict[str, str], knows: bool) -> None:
    assert run.knows_unicode(environ) is knows


@pytest.fixture
def root_log() -> Iterator[logging.Logger]:
    """The root logger, given back as it was."""
    root = logging.getLogger()
    before = root.handlers[:]
    yield root
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:] = before


def test_the_log_is_a_file_of_its_own(root_log: logging.Logger, tmp_path: Path) -> None:
    log_to(tmp_path / "state")
    root_log.error("something")
    assert "ERROR root something" in (tmp_path / "state" / LOG_NAME).read_text()


def test_without_a_place_for_the_log_it_opens_all_the_same(root_log: logging.Logger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    log_to(tmp_path / "file")
    assert [type(handler) for handler in root_log.handlers] == [logging.NullHandler]
