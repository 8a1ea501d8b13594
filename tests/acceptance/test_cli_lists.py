"""Every command that needs no arguments to show what there is: it does, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from flowdesk.cli.root import root
from tests.acceptance.command import Home

ELSEWHERE = {"web", "export", "secrets rotate-key"}
"""They do more than to show something, and have tests of their own."""


def _lists(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    shows = "--url" in {name for param in command.params for name in param.opts}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _lists(found, (*path, name))
        shows = shows and command.invoke_without_command
    if path and shows and not any(param.required for param in command.params):
        yield " ".join(path)


LISTS = sorted(set(_lists(root)) - ELSEWHERE)


def test_there_are_such_commands() -> None:
    assert {"ls", "runs", "jobs", "schedules", "secrets list", "keys", "members list"} <= set(LISTS)


@pytest.mark.parametrize("command", LISTS)
def test_a_list_is_shown(served: Home, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(served.work)
    runner = CliRunner(env={**dict.fromkeys(("FLOWDESK_URL", "FLOWDESK_CONTEXT")), **served.environment()})
    plain = runner.invoke(root, command.split(), catch_exceptions=False)
    assert plain.exit_code == 0, plain.output
    shown = runner.invoke(root, [*command.split(), "--json"], catch_exceptions=False)
    assert shown.exit_code == 0, shown.output
    rest = shown.stdout.strip()
    while rest:  # one document, or one for each line
        _, end = json.JSONDecoder().raw_decode(rest)
        rest = rest[end:].lstrip()
