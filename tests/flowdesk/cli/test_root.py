"""The one place where every error ends."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest

from engine.errors import Problem
from flowdesk.cli import root as cli
from flowdesk.cli.failures import explain
from flowdesk.cli.root import COMMANDS, main, root
from flowdesk.errors import BadFile, Unreachable, api_error, problem_reply


def _every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(root, info_name="flowdesk")
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", command.commands[inner]) for inner in command.commands)


@pytest.mark.parametrize(("name", "command"), list(_every_command()))
def test_every_command_explains_itself_and_speaks_json(name: str, command: click.Command) -> None:
    assert command.help
    options = {option for parameter in command.params for option in parameter.opts}
    only_names_others = isinstance(command, click.Group) and not command.invoke_without_command
    assert ("--json" in options) == (name not in ("serve", "completion") and not only_names_others)
    assert all(p.help for p in command.params if isinstance(p, click.Option)), "an option without a word"


def _main(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return int(end.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rnus"], "there is no command 'rnus'; did you mean runs?"),
        (["run"], "missing argument 'FILE|ID|NAME'"),
        (["decide", "x"], "missing argument '{approve|reject|send-back|signal|done|again|fail}'"),
        (["ls", "--nope"], "--nope"),
        (["ls", "--limit", "0"], "0 is not in the range"),
        (["run", "x", "--data", "{"], "--data: not valid JSON"),
        (["run", "x", "--follow", "--wait"], "--follow and --wait exclude each other"),
        (["runs", "--since", "soon"], "15m, 2h, 7d"),
        (["ls", "--url", "http://a", "--context", "b"], "name two servers"),
        (["export"], "name one workflow"),
        (["validate", "/nowhere.yaml"], "does not exist"),
        (["login"], "give the server's URL"),
        (["delete", "x"], "needs --yes"),
    ],
)
def test_wrong_usage_is_two_lines_and_code_2(
    arguments: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
) -> None:
    monkeypatch.setenv("FLOWDESK_CONFIG_DIR", str(tmp_path))
    assert _main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("flowdesk: ")
    assert says in err
    assert err.count("\n") <= 3
    assert "Traceback" not in err


def test_wrong_usage_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main(["ls", "--json", "--nope"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["error"]["code"] == "usage"


def test_the_unforeseen_is_one_line_unless_somebody_wants_to_see_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLOWDESK_DEBUG", raising=False)
    assert explain(KeyError("x"), json=False) == 7
    err = capsys.readouterr().err
    assert "KeyError: 'x'" in err
    assert "Traceback" not in err
    assert "FLOWDESK_DEBUG=1" in err
    monkeypatch.setenv("FLOWDESK_DEBUG", "1")
    explain(KeyError("x"), json=False)
    assert "KeyError" in capsys.readouterr().err


def test_errors_say_what_where_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Row 52: what a server says is made clean."""
    body = {
        "code": "invalid_workflow",
        "detail": "it is \x1b[31mwrong",
        "hint": "look\nhere",
        "problems": [{"code": "missing", "message": "is required", "stepId": "a", "field": "params.url"}],
    }
    error = api_error(problem_reply(422, body, request_id="r", retry_after=None))
    assert explain(error, json=False) == 1
    assert capsys.readouterr().err.splitlines() == [
        "flowdesk: it is ␛[31mwrong",
        "  step a · params.url: is required",
        "  look⏎here",
    ]
    assert explain(error, json=True) == 1
    told = json.loads(capsys.readouterr().err)["error"]
    assert told["status"] == 422
    assert told["requestId"] == "r"
    assert told["problems"] == [{"code": "missing", "message": "is required", "stepId": "a", "field": "params.url"}]


def test_a_server_s_failure_names_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    explain(api_error(problem_reply(500, {}, request_id="r\x1b1", retry_after=None)), json=False)
    assert capsys.readouterr().err.splitlines()[-1] == "  request r␛1"


def test_other_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(Unreachable("cannot reach it", hint="is it there?"), json=False) == 3
    assert capsys.readouterr().err == "flowdesk: cannot reach it\n  is it there?\n"
    assert explain(BadFile("a.yaml: bad", [Problem("x", "bad", line=1)]), json=True) == 1
    assert json.loads(capsys.readouterr().err)["error"]["problems"][0]["line"] == 1


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (click.Abort(), 130)])
def test_being_interrupted_is_silent(
    raised: BaseException, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_context: click.Context) -> None:
        raise raised

    monkeypatch.setattr(cli.root, "invoke", interrupted)
    assert _main(["contexts"]) == code
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--read-only", "ls"], "--read-only is for the terminal UI"),
        (["--url", "http://127.0.0.1:1", "ls"], "--url comes after the command: flowdesk ls --url"),
        (["--context", "there", "ls"], "--context comes after the command: flowdesk ls --context"),
    ],
)
def test_options_of_the_terminal_ui_before_a_command_are_explained(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(given)
    assert end.value.code == 2
    assert said in capsys.readouterr().err
