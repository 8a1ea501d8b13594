"""How the command behaves among other programs: pipes, terminals, colours, shells."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from tests.acceptance.command import FLOWDESK, WITHIN_S, Home

FLOW = {
    "name": "Many lines",
    "steps": [
        {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "say"},
        {"id": "say", "ref": "core.log", "params": {"message": "a\nb"}},
    ],
}


@pytest.fixture(scope="module")
def flows(served: Home) -> Home:
    """The home with a workflow in it."""
    served.flowdesk("apply", served.write("flow.json", FLOW))
    return served


def _on_terminal(home: Home, *arguments: str, typed: bytes = b"", **more: str) -> str:
    """What a command writes to a terminal."""
    master, slave = pty.openpty()
    os.write(master, typed)
    process = subprocess.Popen(
        [FLOWDESK, *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=home.work, env=home.environment(**more)
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the terminal is closed when the last one using it ends
            break
        if not piece:
            break
        shown += piece
    process.wait(timeout=WITHIN_S)
    os.close(master)
    return shown.decode()


def test_colours_only_on_a_terminal_that_wants_them(flows: Home) -> None:
    assert "\x1b[" in _on_terminal(flows, "run", "Many lines", "-f", TERM="xterm")
    assert "\x1b[" not in _on_terminal(flows, "run", "Many lines", "-f", TERM="xterm", NO_COLOR="1")
    assert "\x1b[" not in _on_terminal(flows, "run", "Many lines", "-f", TERM="dumb")
    assert "\x1b[" not in _on_terminal(flows, "show", "Many lines", "--json", TERM="xterm")
    assert "\x1b[" not in flows.flowdesk("run", "Many lines", "-f", TERM="xterm").out


def test_run_asks_for_required_inputs_on_a_terminal_and_names_the_field_without_one(flows: Home) -> None:
    inputs = {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer", "minimum": 1}}}
    file = flows.write("asks.json", {**FLOW, "name": "Asks", "inputs": inputs})
    shown = _on_terminal(flows, "run", file, "--wait", typed=b"0\n7\n")
    assert "Count (a whole number)" in shown
    assert "at least 1" in shown
    assert "SUCCESS" in shown
    alone = flows.flowdesk("run", "Asks", "--wait")
    assert alone.code != 0
    assert "count" in alone.err


def test_ids_are_whole_in_a_narrow_terminal(flows: Home) -> None:
    workflow = flows.flowdesk("show", "Many lines", "--json").json
    narrow = _on_terminal(flows, "ls", TERM="dumb", COLUMNS="40")
    assert workflow["id"] in narrow


def test_a_reader_that_leaves_is_no_error(flows: Home) -> None:
    for _ in range(3):
        flows.flowdesk("run", "Many lines", "--wait")
    for arguments in (["runs", "--json"], ["logs", "Many lines"], ["steps", "--json"]):
        process = subprocess.Popen(
            [FLOWDESK, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=flows.work,
            env=flows.environment(PYTHONUNBUFFERED="1"),
        )
        with process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == b""
            assert process.wait(timeout=WITHIN_S) == 141


def test_a_terminal_that_knows_few_characters_is_enough(flows: Home) -> None:
    ran = flows.flowdesk("run", "Many lines", "-f", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.code == 0
    assert "SUCCESS" in ran.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, flows: Home) -> None:
    script = flows.flowdesk("completion", shell)
    assert script.code == 0
    assert "_FLOWDESK_COMPLETE" in script.out


def test_shells_are_offered_commands_and_options(flows: Home) -> None:
    offered = flows.flowdesk(_FLOWDESK_COMPLETE="bash_complete", COMP_WORDS="flowdesk re", COMP_CWORD="1")
    assert {line.split(",")[1] for line in offered.out.split()} == {"restore", "rerun", "retry"}
    options = flows.flowdesk(_FLOWDESK_COMPLETE="bash_complete", COMP_WORDS="flowdesk run --f", COMP_CWORD="2")
    assert "plain,--follow" in options.out
    files = flows.flowdesk(_FLOWDESK_COMPLETE="bash_complete", COMP_WORDS="flowdesk run x", COMP_CWORD="2")
    assert files.out.startswith("file,")


def test_the_version_and_the_help_need_no_server(home: Home) -> None:
    assert home.flowdesk("--version").out.startswith("flowdesk ")
    assert "Commands:" in home.flowdesk("-h").out
    assert not home.data.exists()
